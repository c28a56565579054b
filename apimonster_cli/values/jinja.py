"""Jinja as templates use it: what is rewritten before compiling, and how a compiled template is run."""

import re
from collections.abc import Callable, Collection, Iterator, Mapping, ValuesView
from collections.abc import Set as AbstractSet
from decimal import Decimal, InvalidOperation
from typing import Any, cast

from jinja2 import Template as JinjaTemplate
from jinja2 import nodes
from jinja2.exceptions import TemplateError as JinjaError
from jinja2.exceptions import TemplateSyntaxError
from jinja2.visitor import NodeTransformer
from markupsafe import Markup

from apimonster_cli.values import effort
from apimonster_cli.values.absent import Absent, no_value, nothing
from apimonster_cli.values.convert import text as as_text
from apimonster_cli.values.errors import LanguageError, TemplateError, closest
from apimonster_cli.values.path import format_keys
from apimonster_cli.values.pattern import compile_pattern
from apimonster_cli.values.sandbox import EXACT, FOLLOW, JOIN, SCOPE, SKIP, STEP, TICK, Sandbox
from apimonster_cli.values.scope import MISSING, Scope, is_empty

_STATEMENTS = (nodes.Output, nodes.If, nodes.For, nodes.Assign, nodes.AssignBlock, nodes.With, nodes.FilterBlock)
_FAILURES = (JinjaError, TypeError, ValueError, ArithmeticError, LookupError, AttributeError, RecursionError)
_RESULT = "lone_expression_value"
_ENVIRONMENT = Sandbox()


def compile_source(text: str) -> tuple[Callable[[Scope], Any], tuple[str, ...]]:
    """Return a function that renders `text` for a scope, and the paths that it mentions; LanguageError for mistakes."""
    with effort.allowed(effort.SECONDS):  # what has no names in it is worked out here
        return _compile_source(text)


def _compile_source(text: str) -> tuple[Callable[[Scope], Any], tuple[str, ...]]:
    try:
        _check_tokens(text)
        tree = _ENVIRONMENT.parse(text)
        _check_nodes(tree)
        rewriting = _Rewriting(tree)
        tree = rewriting.visit(tree)
        lone = _lone_expression(tree)
        if lone is not None:
            tree = nodes.Template([nodes.Assign(nodes.Name(_RESULT, "store"), lone, lineno=1)], lineno=1)
        tree.set_environment(_ENVIRONMENT)
        compiled = _ENVIRONMENT.from_string(tree)
    except LanguageError:
        raise
    except TemplateSyntaxError as error:
        raise _mistake(_in_plain_words(str(error.message)), error.lineno) from None
    except (ValueError, SyntaxError) as error:  # an endless number, blocks nested deeper than Python can
        raise _mistake(f"it cannot be compiled: {error.args[0]}", 1) from None
    render = _lone(compiled, text) if lone is not None else _printed(compiled, text)
    return render, tuple(rewriting.paths)


def _in_plain_words(said: str) -> str:
    """Return what Jinja says of a template that it cannot read, with what to do about it."""
    if found := re.search(r"innermost block that needs to be closed is '(\w+)'", said):
        return f"{{% {found[1]} %}} is never closed; write {{% end{found[1]} %}} where it ends"
    if said.startswith("expected token 'end of print statement', got"):
        return f"{said.rpartition(' got ')[2]} is not expected here; each value has braces of its own: {{{{ a }}}} {{{{ b }}}}"
    if said.startswith(("unexpected '}'", "unexpected end of template")):
        return f"{said}; every {{{{ is closed by }}}}, and every {{% by %}}"
    return said


def _mistake(message: str, line: int | None, suggestion: str | None = None) -> LanguageError:
    where = f"line {line} of the template: " if line and line > 1 else ""
    return LanguageError(f"{where}{message}", rule="template", suggestion=suggestion, line=line)


def _lone_expression(tree: nodes.Template) -> nodes.Expr | None:
    """Return the expression of a template that is nothing else, white space around it apart."""
    if len(tree.body) == 1 and isinstance(tree.body[0], nodes.Output):
        parts = [
            part for part in tree.body[0].nodes if not (isinstance(part, nodes.TemplateData) and part.data.isspace())
        ]
        if len(parts) == 1 and not isinstance(parts[0], nodes.TemplateData):
            return parts[0]
    return None


def _check_tokens(text: str) -> None:
    """Refuse a number whose digits Jinja would lose by reading it as a float."""
    for line, kind, token in _ENVIRONMENT.lex(text):
        if kind == "float" and not _is_exact(token.replace("_", "")):
            raise _mistake(f"{token} has more digits than a number in a template keeps; write it in quotes", line)


def _is_exact(written: str) -> bool:
    try:
        return Decimal(written) == Decimal(repr(float(written)))
    except InvalidOperation:  # an exponent beyond all that Decimal knows
        return False


def _check_nodes(tree: nodes.Template) -> None:
    for node in tree.find_all(nodes.Stmt):
        if not isinstance(node, _STATEMENTS) or (isinstance(node, nodes.For) and node.recursive):
            raise _mistake(f"{type(node).__name__.lower()} is not available in a template", node.lineno)
    for filter_ in tree.find_all(nodes.Filter):
        _check_name("filter", filter_, _ENVIRONMENT.filters)
        if filter_.name == "regex" and filter_.args and isinstance(filter_.args[0], nodes.Const):
            _check_pattern(filter_.args[0])
    for test in tree.find_all(nodes.Test):
        _check_name("test", test, _ENVIRONMENT.tests)


def _check_name(word: str, node: nodes.Filter | nodes.Test, known: Collection[str]) -> None:
    if node.name not in known:
        public = [name for name in known if name[0].isalpha()]
        raise _mistake(f"there is no {word} called {node.name}", node.lineno, closest(node.name, public))


def _check_pattern(written: nodes.Const) -> None:
    try:
        compile_pattern(str(written.value), "template")
    except LanguageError as error:
        raise _mistake(error.message, written.lineno) from None


class _Rewriting(NodeTransformer):
    """Replaces what Jinja does loosely by what this language promises, and gathers the paths on the way.

    `a.b.0` becomes one lookup that prefers keys and remembers its name; `~` and numbers with a fraction become exact;
    the rounds of loops are counted, and what is compared or put into a list is metered like what goes through a filter.
    """

    def __init__(self, tree: nodes.Template) -> None:
        self.paths: list[str] = []
        self._local = {name.name for name in tree.find_all(nodes.Name) if name.ctx in ("store", "param")} | {"loop"}
        self._globals = set(_ENVIRONMENT.globals)

    def visit_Name(self, node: nodes.Name) -> nodes.Expr:  # noqa: N802 - the visitor's own naming
        if node.ctx == "load":
            self._mention(node.name, ())
        return node

    def visit_Getattr(self, node: nodes.Getattr) -> nodes.Expr:  # noqa: N802
        return self._chain(node)

    def visit_Getitem(self, node: nodes.Getitem) -> nodes.Expr:  # noqa: N802
        return self._chain(node)

    def visit_Call(self, node: nodes.Call) -> nodes.Expr:  # noqa: N802
        """Keep `value.method(…)` as it is, so that the sandbox judges the method; rewrite everything around it."""
        if isinstance(node.node, nodes.Getattr):
            node.node.node = self.visit(node.node.node)
        elif not (isinstance(node.node, nodes.Name) and node.node.name in self._globals):
            node.node = self.visit(node.node)
        for part in (node.args, node.kwargs):
            part[:] = [self.visit(argument) for argument in part]
        return node

    def visit_Concat(self, node: nodes.Concat) -> nodes.Expr:  # noqa: N802
        parts: list[nodes.Expr] = [self.visit(part) for part in node.nodes]
        return _filter(nodes.List(parts, lineno=node.lineno), JOIN, node)

    def visit_Const(self, node: nodes.Const) -> nodes.Expr:  # noqa: N802
        return _filter(nodes.Const(repr(node.value)), EXACT, node) if isinstance(node.value, float) else node

    def visit_CondExpr(self, node: nodes.CondExpr) -> nodes.Expr:  # noqa: N802
        self.generic_visit(node)
        node.expr2 = node.expr2 or _filter(nodes.Const("an if without else"), SKIP, node)
        return node

    def visit_For(self, node: nodes.For) -> nodes.For:  # noqa: N802
        self.generic_visit(node)
        printed = sum(len(data.data) for data in node.find_all(nodes.TemplateData))
        node.iter = _filter(cast("nodes.Expr", node.iter), TICK, node, nodes.Const(printed))
        return node

    def visit_List(self, node: nodes.List) -> nodes.Expr:  # noqa: N802
        return _filter(self.generic_visit(node), STEP, node)  # type: ignore[arg-type]  # an expression stays one

    def visit_Dict(self, node: nodes.Dict) -> nodes.Expr:  # noqa: N802
        return _filter(self.generic_visit(node), STEP, node)  # type: ignore[arg-type]  # the same

    def visit_Tuple(self, node: nodes.Tuple) -> nodes.Expr:  # noqa: N802
        self.generic_visit(node)
        return _filter(node, STEP, node) if node.ctx == "load" else node

    def visit_Compare(self, node: nodes.Compare) -> nodes.Expr:  # noqa: N802
        self.generic_visit(node)
        node.expr = _filter(node.expr, STEP, node)
        return node

    def _chain(self, node: nodes.Getattr | nodes.Getitem) -> nodes.Expr:
        keys: list[str | int] = []
        inner: Any = node
        while (key := _constant_key(inner)) is not None:
            keys.insert(0, key)
            inner = inner.node
        if not keys:
            return self.generic_visit(node)  # type: ignore[return-value]  # an expression stays one
        name = ""
        if isinstance(inner, nodes.Name):
            name = inner.name + _jinja_keys(keys)
            self._mention(inner.name, keys)
        else:
            inner = self.visit(inner)
        return _filter(inner, FOLLOW, node, nodes.Const(tuple(keys)), nodes.Const(name))

    def _mention(self, name: str, keys: "list[str | int] | tuple[()]") -> None:
        written = format_keys((name, *keys))
        if name not in self._local and (keys or name not in self._globals) and written not in self.paths:
            self.paths.append(written)


def _filter(inner: nodes.Expr, name: str, near: nodes.Node, *arguments: nodes.Expr) -> nodes.Filter:
    return nodes.Filter(inner, name, list(arguments), [], None, None, lineno=near.lineno)


def _constant_key(node: nodes.Node) -> str | int | None:
    if isinstance(node, nodes.Getattr):
        return str(node.attr)
    if not isinstance(node, nodes.Getitem):
        return None
    sign, written = (-1, node.arg.node) if isinstance(node.arg, nodes.Neg) else (1, node.arg)
    value = written.value if isinstance(written, nodes.Const) else None
    if type(value) is int:
        return sign * value
    return value if type(value) is str and sign > 0 else None


def _jinja_keys(keys: "list[str | int]") -> str:
    return "".join(
        f".{key}"
        if (isinstance(key, str) and key.isidentifier()) or (isinstance(key, int) and key >= 0)
        else f"[{key!r}]"
        for key in keys
    )


def _lone(compiled: JinjaTemplate, text: str) -> Callable[[Scope], Any]:
    def render(scope: Scope) -> Any:
        context = _context(compiled, scope)
        try:
            with effort.allowed(effort.SECONDS):
                list(compiled.root_render_func(context))  # a generator that yields nothing: it has to be run
                value = _plain(context.vars[_RESULT])
        except _FAILURES as error:
            raise _failure(error, text) from error
        return MISSING if is_empty(value) else value

    return render


def _printed(compiled: JinjaTemplate, text: str) -> Callable[[Scope], Any]:
    def render(scope: Scope) -> Any:
        try:
            with effort.allowed(effort.SECONDS):
                written = "".join(_bounded(compiled.root_render_func(_context(compiled, scope))))
        except _FAILURES as error:
            raise _failure(error, text) from error
        return written if written.strip() else MISSING

    return render


def _context(compiled: JinjaTemplate, scope: Scope) -> Any:
    return compiled.new_context({SCOPE: scope}, shared=True)


def _bounded(pieces: Iterator[str]) -> Iterator[str]:
    length = 0
    for piece in pieces:
        length += len(piece)
        effort.check_length(length)
        yield piece


def _plain(value: Any) -> Any:
    """Return what an expression gave as a value that can be sent; nothing missing may hide inside a list."""
    effort.step()
    if nothing(value):
        return MISSING
    if isinstance(value, Markup):
        return as_text(value)
    if isinstance(value, str | int | Decimal):
        return value
    if isinstance(value, float):
        return Decimal(repr(value))
    if isinstance(value, Mapping):
        return {key: _inner(item) for key, item in value.items()}
    if isinstance(value, list | tuple | range | Iterator | AbstractSet | ValuesView):
        return [_inner(item) for item in value]
    raise TemplateError(f"the template gives no value but a {type(value).__name__}")


def _inner(value: Any) -> Any:
    if isinstance(value, Absent):
        raise TemplateError(no_value(value))
    return None if value is None else _plain(value)


def _failure(error: Exception, text: str) -> TemplateError:
    if isinstance(error, RecursionError):
        return TemplateError("the template reads something that is nested too deeply")
    message = " ".join(str(error).split())
    if isinstance(error, TemplateError | JinjaError):
        return TemplateError(message)
    return TemplateError(f"{' '.join(text.split())} cannot be worked out: {message}")
