"""How the package is written."""

import ast
from pathlib import Path

import pytest

import apimonster_cli.store

MODULES = sorted(Path(apimonster_cli.store.__file__).parent.rglob("*.py"))
MUTABLE = (ast.List, ast.Dict, ast.Set, ast.ListComp, ast.DictComp, ast.SetComp)


def names_changed(tree: ast.Module) -> set[str]:
    """Return the names of a module that are bound to something that can be changed and are changed somewhere."""
    mutable = {
        target.id
        for node in tree.body
        if isinstance(node, ast.Assign) and isinstance(node.value, MUTABLE)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    touched = {
        node.value.id
        for node in ast.walk(tree)
        if isinstance(node, ast.Subscript) and not isinstance(node.ctx, ast.Load) and isinstance(node.value, ast.Name)
    } | {
        node.func.value.id
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and isinstance(node.func.value, ast.Name)
        and node.func.attr in {"append", "add", "update", "setdefault", "pop", "clear", "extend", "remove"}
    }
    return mutable & touched


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.stem)
def test_no_module_keeps_a_state_of_its_own(module: Path) -> None:
    tree = ast.parse(module.read_text())

    assert not any(isinstance(node, ast.Global) for node in ast.walk(tree))
    assert names_changed(tree) == set()


def test_two_stores_know_nothing_of_each_other(tmp_path: Path) -> None:
    from tests.store.build import accept, event, opened

    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
    one, other = opened(tmp_path / "a"), opened(tmp_path / "b")
    woken: list[str] = []
    other.on_work(lambda: woken.append("other"))

    accept(one, event("7", "a"))
    ids = accept(other, event("7", "b", bundles=()))

    assert (ids, woken, one.counts().events) == ([1], [], 1)
    one.close_store()
    other.close_store()
