"""The wheel as others install it: built, installed into an environment of its own, its demo run in an empty folder."""

import re
import shutil
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import pytest

from tests.processes import ROOT, Sandbox, environment, stop, wait_until


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    """A copy of what a wheel is made from, so that nothing is written into the repository."""
    source = tmp_path_factory.mktemp("source")
    for name in ("bot", "queue", "tests", "docs"):
        shutil.copytree(ROOT / name, source / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md", "LICENSE", ".gitignore"):
        shutil.copy(ROOT / name, source)
    return source


@pytest.fixture(scope="module")
def wheel(source, tmp_path_factory):
    """Build the wheel."""
    out = tmp_path_factory.mktemp("dist")
    run(sys.executable, "-m", "build", "--no-isolation", "--wheel", "--outdir", out, source)
    [built] = out.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def installed(wheel, tmp_path_factory):
    """Install the wheel into a fresh environment that borrows our dependencies; return its folder of programs."""
    home = tmp_path_factory.mktemp("environment")
    run(sys.executable, "-m", "venv", "--without-pip", home)
    python = home / "bin" / "python"
    if uv := shutil.which("uv"):
        run(uv, "pip", "install", "--offline", "--no-deps", "--python", python, wheel)
    else:
        pip = (Path(sys.base_prefix) / "bin" / f"python3.{sys.version_info.minor}", "-m", "pip", "--python", python)
        run(*pip, "install", "--no-index", "--no-deps", "--disable-pip-version-check", wheel)
    [packages] = home.glob("lib/python*/site-packages")
    (packages / "borrowed.pth").write_text(sysconfig.get_paths()["purelib"])
    return home / "bin"


def run(*command):
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr


def outside():
    """Return an environment in which the repository is not on the path."""
    return {name: value for name, value in environment().items() if name != "PYTHONPATH"}


def test_the_wheel_holds_the_package_and_the_samples_and_nothing_else(source, wheel):
    names = set(zipfile.ZipFile(wheel).namelist())

    def files(folder):
        return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}

    assert {name for name in names if name.startswith("bot/samples/")} == {
        f"bot/samples/{each}" for each in files(source / "queue")
    }
    assert files(source / "bot")
    assert {f"bot/{each}" for each in files(source / "bot")} <= names
    assert {name.split("/")[0].partition("-")[0] for name in names} == {"bot", "handbill"}


def test_the_installed_command_is_the_same_as_the_module(installed, tmp_path):
    def said(*words):
        return subprocess.run(words, cwd=tmp_path, capture_output=True, check=True, text=True, env=outside()).stdout

    module = (installed / "python", "-m", "bot")
    assert said(installed / "handbill", "--help") == said(*module, "--help")
    assert said(installed / "handbill", "queue", "--help") == said(*module, "queue", "--help")
    assert Path(said(installed / "python", "-c", "import bot; print(bot.__file__)")).is_relative_to(installed.parent)


def test_the_demo_posts_on_every_platform_in_an_empty_folder(installed, tmp_path):
    command = [str(installed / "handbill"), "demo", "--port", "0", "--every", "1"]
    with (tmp_path.parent / "demo.log").open("w+") as log:
        demo = subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=log, text=True, env=outside())
        try:
            assert demo.stdout is not None
            said = "".join(demo.stdout.readline() for _ in range(4))
            followers = re.search(r"As followers see it: (http://\S+)/", said)
            assert followers, (said, Path(log.name).read_text())
            sandbox = Sandbox(address=followers[1], settings="")
            everyone = {"x", "mastodon", "telegram", "bluesky"}
            assert wait_until(lambda: {each["platform"] for each in sandbox.ledger()} == everyone, 200, every=0.5)
            assert sandbox.twice() == {}
            assert stop(demo) == 0
        finally:
            if demo.poll() is None:
                demo.kill()
            demo.communicate()
        assert "Traceback" not in Path(log.name).read_text()
    assert [each.name for each in tmp_path.iterdir()] == ["data"]
