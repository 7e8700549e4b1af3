"""Every error Handbill raises on purpose.

    HandbillError                 has `what` went wrong, `where` and `hint`, what to do about it
    ├── BadInput                  something a person gave cannot be used (file, option, text)
    │   ├── BadArticle            an article file; `where` is "path:line"
    │   └── BadSetting            a setting in the environment or in .env
    ├── NotFound                  no such delivery, channel, article, command target
    ├── NotAllowed                the state of things forbids it (cancel what is being sent, second bot on one database)
    ├── StoreError                the database cannot be used
    │   └── StoreTooNew           written by a newer Handbill
    ├── Unreachable               a network peer did not answer as its protocol says
    └── CannotTell                a platform offers no means to prove whether a post is there

Whoever shows an error to a person prints `str(error)`: one line of what and where, one line of hint. No class here may
carry a secret: give names of settings, never their values.
"""


class HandbillError(Exception):
    """What went wrong, where, and what to do; `exit_code` is what a command ends with."""

    exit_code = 1

    def __init__(self, what: str, *, where: str = "", hint: str = "") -> None:
        super().__init__(what)
        self.what, self.where, self.hint = what, where, hint

    def __str__(self) -> str:
        line = f"{self.where}: {self.what}" if self.where else self.what
        return f"{line}\n  {self.hint}" if self.hint else line


class BadInput(HandbillError):
    """Something a person gave cannot be used as it is."""

    exit_code = 2


class BadArticle(BadInput):
    """An article file that cannot be taken; `where` is "path:line", as far as a line is known."""

    exit_code = 3


class BadSetting(BadInput):
    """A setting that is missing, unknown or malformed; never holds the value of a secret."""

    exit_code = 4


class NotFound(HandbillError):
    """Nothing of that name or number is here."""

    exit_code = 5


class NotAllowed(HandbillError):
    """The present state forbids it."""

    exit_code = 6


class StoreError(HandbillError):
    """The database cannot be read or written."""

    exit_code = 7


class StoreTooNew(StoreError):
    """The database was written by a newer Handbill; nothing was changed."""


class Unreachable(HandbillError):
    """A network peer refused, timed out or answered what its protocol does not allow."""

    exit_code = 8


class CannotTell(HandbillError):
    """Whether a post is on the platform cannot be proved from here: a person must look."""

    exit_code = 9


def told(error: Exception) -> HandbillError:
    """Return an error as a person is told of it: ours as it is, any other as a fault of this program, by its type."""
    if isinstance(error, HandbillError):
        return error
    what = f"the program failed on it with {type(error).__name__}"
    return HandbillError(what, hint="this is a fault in the program: report it")
