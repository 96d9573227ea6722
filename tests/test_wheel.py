"""The wheel holds one package that works from any folder."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


def run(*command: str, cwd: Path, **environment: str) -> str:
    env = {key: value for key, value in os.environ.items() if not key.startswith(("PYTHON", "PIP_"))} | environment
    done = subprocess.run(command, cwd=cwd, env=env, capture_output=True, text=True, encoding="utf-8", timeout=120, check=False)
    assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout}{done.stderr}"
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built by the hatchling of this environment: no network."""
    folder = tmp_path_factory.mktemp("wheel")
    pip = (sys.executable, "-m", "pip", "--disable-pip-version-check")
    run(*pip, "wheel", "-q", "--no-deps", "--no-build-isolation", "--no-index", "-w", str(folder), str(ROOT), cwd=folder)
    return next(folder.glob("*.whl"))


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    pip = (sys.executable, "-m", "pip", "--disable-pip-version-check")
    run(*pip, "install", "-q", "--no-deps", "--no-index", "--target", str(folder), str(wheel), cwd=folder)
    return folder


def test_one_package(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    tops = {name.split("/")[0] for name in names}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"compute_gauge"}
    assert {"compute_gauge/__init__.py", "compute_gauge/cli.py", "compute_gauge/py.typed"} <= set(names)
    assert any(name.endswith("/licenses/LICENSE") for name in names)
    assert not [name for name in names if "__pycache__" in name or name.endswith((".pyc", ".orig", "~"))]


@pytest.mark.parametrize("folder", ["engine", "rules", "schemas"])
def test_everything_is_in_it(wheel: Path, folder: str) -> None:
    held = {name for name in zipfile.ZipFile(wheel).namelist() if name.startswith(f"compute_gauge/{folder}/")}
    there = {
        f"compute_gauge/{path.relative_to(ROOT).as_posix()}"
        for path in (ROOT / folder).rglob("*")
        if path.is_file() and path.suffix != ".pyc" and not path.name.startswith(".")
    }
    assert held == there


def test_answers_from_another_folder(installed: Path, tmp_path: Path) -> None:
    """`rules/transformer.yaml` is not in this folder, so it is the one that ships."""
    (tmp_path / "inputs.yaml").write_bytes((ROOT / "inputs.yaml").read_bytes())
    command = ("eval", "rules/transformer.yaml", "inputs.yaml", "--format", "json")
    packed = run(sys.executable, "-m", "compute_gauge.cli", *command, cwd=tmp_path, PYTHONPATH=str(installed))
    plain = run(sys.executable, str(ROOT / "cli.py"), *command, cwd=ROOT)
    assert json.loads(packed) == json.loads(plain)


def test_a_mistake_from_another_folder(installed: Path, tmp_path: Path) -> None:
    """The schemas are found too."""
    (tmp_path / "rules.yaml").write_text("rules: {a: {formla: 1}}", encoding="utf-8")
    command = (sys.executable, "-m", "compute_gauge.cli", "eval", "rules.yaml")
    env = os.environ | {"PYTHONPATH": str(installed)}
    done = subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, text=True, encoding="utf-8", timeout=60, check=False)
    assert done.returncode == 2
    assert "did you mean `formula`?" in done.stderr


def test_the_console_script(installed: Path) -> None:
    script = next(path for path in (installed / "bin", installed / "Scripts") if path.is_dir()) / (
        "compute-gauge.exe" if os.name == "nt" else "compute-gauge"
    )
    text = run(
        sys.executable,
        "-c",
        "from compute_gauge.cli import main; raise SystemExit(main(['--help']))",
        cwd=installed,
        PYTHONPATH=str(installed),
    )
    assert script.exists()
    assert "eval" in text


def test_the_library(installed: Path, tmp_path: Path) -> None:
    """It answers from any folder, has its types, and is not loaded by the command line."""
    program = (
        "import sys, compute_gauge.cli; assert 'compute_gauge.engine.library' not in sys.modules\n"
        "from compute_gauge import GaugeError, load\n"
        "rules = load('rules/compute_gauge.yaml')\n"
        "ask = rules.prepare({'model': 'bert-base', 'sequence_length': 64}, ['batch_size'], rules.total)\n"
        "print(ask(batch_size=8) == rules.evaluate({'model': 'bert-base', 'sequence_length': 64, 'batch_size': 8})[rules.total])\n"
        "try: ask(batch_size=0)\n"
        "except GaugeError as error: print('at least 1' in str(error))\n"
    )
    assert run(sys.executable, "-c", program, cwd=tmp_path, PYTHONPATH=str(installed)).split() == ["True", "True"]
