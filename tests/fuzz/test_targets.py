"""The targets of the fuzzer, on what they start from and on some inputs that are made of it; the fuzzer itself runs on demand."""

import subprocess
import sys
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fuzz.__main__ import main
from tests.fuzz.target import NAMES, Target, failure, target

loaded = cache(target)


def inputs(chosen: Target) -> st.SearchStrategy[bytes]:
    """Return inputs that are seeds with something cut out and something put in."""
    piece = st.binary(max_size=4) | st.sampled_from([word.encode("utf-8", "surrogatepass") for word in chosen.words])

    def spliced(seed: bytes, at: float, cut: int, pieces: list[bytes]) -> bytes:
        start = int(at * len(seed))
        return seed[:start] + b"".join(pieces) + seed[start + cut :]

    return st.builds(
        spliced, st.sampled_from(chosen.seeds), st.floats(0, 1), st.integers(0, 12), st.lists(piece, max_size=3)
    )


@pytest.mark.parametrize("name", NAMES)
def test_nothing_breaks_on_seeds(name: str) -> None:
    chosen = loaded(name)

    broken = [(seed, what) for seed in chosen.seeds if (what := failure(chosen.check, seed))]

    assert len(chosen.seeds) > 10
    assert broken == []


@pytest.mark.parametrize("name", NAMES)
def test_nothing_breaks_on_what_is_made_of_seeds(name: str) -> None:
    chosen = loaded(name)

    @settings(max_examples=100)
    @given(inputs(chosen))
    def check(data: bytes) -> None:
        chosen.check(data)

    check()


def test_the_same_mistake_reads_the_same() -> None:
    def check(data: bytes) -> None:
        assert data != b"x"

    found = [failure(check, data) for data in (b"x", b"y", b"x")]

    assert found[0] == found[2]
    assert found[0]
    assert found[1] is None


def test_tries_a_kept_input_again(tmp_path: Path) -> None:
    (tmp_path / "kept").write_bytes(b"\n\n{")

    assert main(["body", "--again", str(tmp_path / "kept")]) == 0


@pytest.mark.skipif(find_spec("atheris") is not None, reason="what is said without atheris")
def test_says_what_to_install(capsys: pytest.CaptureFixture[str]) -> None:
    code = main(["body"])

    assert code == 2
    assert "pip install -e '.[fuzz]'" in capsys.readouterr().err


@pytest.mark.skipif(find_spec("atheris") is None, reason="needs atheris")
def test_counts_the_inputs_of_each_target(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tests.fuzz", "exact", "--inputs", "2000", "--keep", str(tmp_path)]

    ran = subprocess.run(command, capture_output=True, text=True, check=False)

    assert "| exact | 2000 | " in ran.stdout
    assert ran.stdout.endswith("nothing broke\n")
    assert ran.returncode == 0
