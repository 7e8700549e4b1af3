"""Every verb that the program writes into its audit log has its words at the desk, and so has every way to decide."""

import ast
from collections.abc import Iterator
from pathlib import Path

from bot.web.pages.history import VERBS, WAYS

BOT = Path(__file__).resolve().parents[2] / "bot"
#: Whatever writes into the log; what chats answer speaks of verbs, too, and writes none.
WRITERS = [*BOT.glob("flow/*.py"), *BOT.glob("store/*.py"), BOT / "cli" / "keeping.py", BOT / "cli" / "output.py"]
TREES = [ast.parse(path.read_text(encoding="utf-8")) for path in WRITERS if path.name != "commanding.py"]
NODES = [node for tree in TREES for node in ast.walk(tree)]


def texts(node: ast.AST | None) -> set[str]:
    """The texts that an expression may be."""
    match node:
        case ast.Constant(value=str(text)):
            return {text}
        case ast.IfExp(body=one, orelse=other):
            return texts(one) | texts(other)
        case ast.Name(id=name):
            return NAMED.get(name, set())
        case ast.Call(func=ast.Attribute(value=ast.Dict(values=values), attr="get"), args=[_, default]):
            return texts(default).union(*map(texts, values))
        case ast.Call(func=ast.Name(id=name)):
            return {text for value in RETURNED.get(name, ()) for text in texts(value)}
        case _:
            return set()


def constants() -> Iterator[tuple[str, set[str]]]:
    """Names in capitals with their text."""
    for node in NODES:
        match node:
            case ast.Assign(targets=[ast.Name(id=name)], value=ast.Constant(value=str(text))) if name.isupper():
                yield name, {text}
            case ast.Assign(targets=[ast.Tuple(elts=names)], value=ast.Tuple(elts=values)):
                for each, given in zip(names, values, strict=True):
                    if isinstance(each, ast.Name) and isinstance(given, ast.Constant) and isinstance(given.value, str):
                        yield each.id, {given.value}
            case _:
                pass


NAMED = dict(constants())
#: What each function may return.
RETURNED = {
    each.name: [node.value for node in ast.walk(each) if isinstance(node, ast.Return)]
    for each in NODES
    if isinstance(each, ast.FunctionDef)
}
#: Where each function takes a verb, by its name; those that refuse something take a word for their sentence.
TAKES = {
    each.name: [argument.arg for argument in each.args.args if argument.arg != "self"].index("verb")
    for each in NODES
    if isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef)
    and not each.name.startswith("refuse")
    and "verb" in [argument.arg for argument in each.args.args]
}


def verbs() -> set[str]:
    """All texts that are given where a verb is taken, or called a verb on the way there."""
    found = set[str]()
    for node in NODES:
        match node:
            case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name), args=args, keywords=keywords):
                if name in TAKES and len(args) > TAKES[name]:
                    found |= texts(args[TAKES[name]])
                if name == "Act" or name in TAKES:
                    found |= {text for each in keywords if each.arg == "verb" for text in texts(each.value)}
            case ast.Assign(targets=[ast.Name(id="verb")], value=value):
                found |= texts(value)
            case _:
                pass
    return found


def test_every_verb_of_the_log_has_its_words():
    written = verbs()
    assert {"approve", "send back", "pause", "pause channel", "plan set", "import", "restore", "user add"} <= written
    assert sorted(written - VERBS.keys()) == []


def test_nothing_has_words_that_nobody_writes():
    assert sorted(VERBS.keys() - verbs()) == []


def test_every_way_to_decide_has_its_word():
    callers = {
        str(node.values[0].value).removesuffix(":")
        for node in NODES
        if isinstance(node, ast.JoinedStr) and len(node.values) == 2
        if isinstance(node.values[0], ast.Constant) and str(node.values[0].value) in ("desk:", "api:", "cli:")
    }
    assert callers == {"desk", "api", "cli"}
    assert callers <= WAYS.keys()
