"""Caches what dbt creates again for each call: a quarter of dbt's own time.

The context of a macro that the adapter calls, such as the one that lists the columns of a table, takes some 20 ms: it
holds all macros of the project. It does not differ within a thread. Finding the types of a result takes a millisecond
per query. Compiling a template takes as long, and tests share a few templates. The macros in the context of a model are
some hundred functions, and dbt looks up each of them five times. It also evaluates the template of a macro for each
call, though the context of a node stays the same. A build selects its nodes three times. To name the module that
declares a behavior flag, dbt reads the source of each module that called it.
"""

import sys
import threading
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from types import CodeType
from typing import Any

from dbt.adapters.base.impl import BaseAdapter
from dbt.clients.jinja import MacroGenerator
from dbt.compilation import Linker
from dbt.context.configured import ConfiguredContext
from dbt.context.macros import MacroNamespace, MacroNamespaceBuilder
from dbt.context.manifest import ManifestContext
from dbt.graph.selector import NodeSelector
from dbt.graph.selector_spec import SelectionSpec
from dbt_common.behavior_flags import BehaviorFlagRendered
from dbt_common.clients import agate_helper
from dbt_common.clients.jinja import BaseMacroGenerator, MacroFuzzEnvironment

Generator = Callable[[Any, Any, Any, str | None], dict[str, Any]]

plain_setter: Any = BaseAdapter.set_macro_context_generator
plain_tester: Any = cache(agate_helper.build_type_tester)
plain_compile: Any = MacroFuzzEnvironment.compile
plain_to_dict: Any = ManifestContext.to_dict
plain_get_macro: Any = BaseMacroGenerator.get_macro
plain_select_nodes: Any = NodeSelector.select_nodes

compiled: dict[tuple[type, str], CodeType] = {}
"""The code of templates, by kind of environment and text."""


def install() -> None:
    adapters: Any = BaseAdapter
    adapters.set_macro_context_generator = lambda adapter, generator: plain_setter(adapter, remembering(generator))
    helper: Any = agate_helper
    helper.build_type_tester = tester
    environment: Any = MacroFuzzEnvironment
    environment.compile = code_of
    builder: Any = MacroNamespaceBuilder
    builder.build_namespace = namespace
    context: Any = ManifestContext
    context.to_dict = to_dict
    macros: Any = BaseMacroGenerator
    macros.get_macro = get_macro
    selectors: Any = NodeSelector
    selectors.select_nodes = select_nodes
    flags: Any = BehaviorFlagRendered
    flags._default_source = staticmethod(declaring_module)
    linker: Any = Linker
    linker.add_test_edges = linker.add_test_edges_2  # dbt's faster way, which its build has behind a hidden option


def remembering(generate: Generator) -> Generator:
    """The same generator, run once for each thread, manifest and package."""
    made = threading.local()

    def context(macro: Any, config: Any, manifest: Any, package: str | None) -> dict[str, Any]:
        known: dict[Any, tuple[Any, dict[str, Any]]] = made.__dict__.setdefault("contexts", {})
        key = id(manifest), package
        if key not in known:
            known[key] = manifest, generate(macro, config, manifest, package)
        return dict(known[key][1])

    return context


def tester(text_columns: Iterable[str], string_null_values: Iterable[str] | None = ("null", "")) -> Any:
    nulls = None if string_null_values is None else tuple(string_null_values)
    return plain_tester(tuple(text_columns), nulls)


def code_of(environment: Any, source: Any, *others: Any, **words: Any) -> Any:
    if others or words or not isinstance(source, str):
        return plain_compile(environment, source, *others, **words)
    key = type(environment), source
    if key not in compiled:
        compiled[key] = plain_compile(environment, source)
    return compiled[key]


def namespace(builder: Any, macros_by_package: Mapping[str, Mapping[str, Any]], ctx: dict[str, Any]) -> MacroNamespace:
    """The macros as dbt arranges them: those of its own packages are in one dict, where the first package wins."""
    node, stack = builder.node, builder.thread_ctx
    packages = {
        package: {name: generator(macro, ctx, node, stack) for name, macro in macros.items()}
        for package, macros in macros_by_package.items()
    }
    of_dbt: dict[str, MacroGenerator] = {}
    for package in reversed(builder.internal_package_names_order):
        of_dbt.update(packages.pop(package, {}))
    return MacroNamespace(
        global_namespace=packages.get(builder.root_package, {}),
        local_namespace=packages.get(builder.search_package, {}),
        global_project_namespace=of_dbt,
        packages=packages,
    )


def generator(macro: Any, context: dict[str, Any], node: Any, stack: Any) -> MacroGenerator:
    """As its constructor makes it, which calls those of three classes in turn."""
    made: MacroGenerator = MacroGenerator.__new__(MacroGenerator)
    made.macro, made.context, made.node, made.stack = macro, context, node, stack
    return made


def to_dict(context: Any) -> dict[str, Any]:
    """A context with its macros. Those that dbt searches first are added last, so that they win."""
    macros = context.namespace
    if not isinstance(macros, MacroNamespace):
        made: dict[str, Any] = plain_to_dict(context)
        return made
    made = ConfiguredContext.to_dict(context)
    for layer in reversed(list(macros._search_order())):
        made.update(layer)
    return made


def get_macro(of: Any) -> Any:
    if "made" not in of.__dict__:
        of.made = plain_get_macro(of)
    return of.made


def declaring_module() -> str:
    """The module that declares a flag: the first one among the callers that is not the module of flags."""
    frame = sys._getframe()
    while frame.f_back and frame.f_globals["__name__"] in (__name__, BehaviorFlagRendered.__module__):
        frame = frame.f_back
    return str(frame.f_globals["__name__"])


def select_nodes(selector: Any, spec: SelectionSpec, warn_on_no_nodes: bool = True) -> tuple[set[str], set[str]]:
    """The nodes of one spec, looked for once in a graph; kinds of selectors differ in what they filter out later."""
    known: dict[tuple[int, bool], Any] = selector.full_graph.__dict__.setdefault("selected", {})
    key = id(spec), warn_on_no_nodes
    if key not in known:
        known[key] = spec, plain_select_nodes(selector, spec, warn_on_no_nodes)
    direct, indirect = known[key][1]
    return set(direct), set(indirect)
