"""The view: access patterns to the left, a query on top, what it brought below, and what that took."""

from __future__ import annotations

from typing import Any, ClassVar

from attrs import frozen
from rich.text import Text
from textual import on, work
from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.widgets import DataTable, Footer, Input, Static, Tree
from textual.widgets.tree import TreeNode

from ...entities.spec import spec_of
from ...errors import DynastoreError
from ...schema.overview import rows
from ...stores.store import Store
from ..saying import visible, visible_lines
from . import texts
from .changing import Changing
from .looks import PAGE, Look, Step, explained, look, stored
from .trees import Branch, attributes, fields

COLUMNS = ("Units", "$ a million", "Found", "Requests", "Query")
EXAMPLE = 'Session(user_id="ann").newest_first()'
NOTHING = "Write a query, or choose an access pattern: its plan stands here before it is sent."


@frozen
class Found:
    """An entity in the tree."""

    entity: Any


@frozen
class More:
    """Where a query goes on."""

    text: str
    cursor: str


class Browser(App[None]):
    """A view of one store.

    Args:
        store: whose table; what is in a scope, if it has one.
        place: what a person calls it.
        writes: whether entities may be changed and deleted.
        text: a query to begin with.
    """

    TITLE = "dynastore"
    ENABLE_COMMAND_PALETTE = False
    CSS_PATH = "browse.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "ask", "Query"),
        Binding("c", "collection", "Its collection"),
        Binding("r", "stored", "As stored"),
        Binding("s", "scan", "Scan"),
        Binding("e", "edit", "Change"),
        Binding("d", "delete", "Delete"),
        Binding("q", "quit", "Quit"),
    ]

    def __init__(self, store: Store, place: str, *, writes: bool = False, text: str = "") -> None:
        """Nothing is sent yet."""
        super().__init__()
        self.store = store
        self.place = place
        self.writes = writes
        self.first = text
        self.steps: list[Step] = []

    def compose(self) -> ComposeResult:
        """The widgets, from the left to the right and down."""
        yield Static(id="top")
        with Horizontal():
            yield Tree("Access patterns", id="patterns")
            with Vertical():
                yield Input(placeholder=EXAMPLE, id="query", select_on_focus=False)
                yield Tree("", id="found")
                with Horizontal(id="below"):
                    with VerticalScroll(can_focus=False):
                        yield Static(NOTHING, id="plan", markup=False)
                    yield DataTable(id="steps", cursor_type="none")
        yield Footer()

    def on_mount(self) -> None:
        """Show the schema; and what the query brings, if there is one."""
        found = self.query_one("#found", Tree)
        found.show_root = False
        self.query_one("#steps", DataTable).add_columns(*COLUMNS)
        self._show_patterns()
        self._show_sum()
        self.query_one("#patterns", Tree).focus()
        if self.first:
            self._ask(self.first)

    def check_action(self, action: str, _: tuple[object, ...]) -> bool | None:
        """Offer what changes something only to who may write."""
        return self.writes or action not in {"edit", "delete"}

    @on(Tree.NodeSelected, "#patterns")
    def _choose(self, event: Tree.NodeSelected[str]) -> None:
        if event.node.data is not None:
            self._write(event.node.data)

    @on(Input.Changed, "#query")
    def _explain(self, event: Input.Changed) -> None:
        plan = self.query_one("#plan", Static)
        try:
            plan.update(explained(self.store, event.value) if event.value.strip() else NOTHING)
            plan.remove_class("wrong")
        except DynastoreError as error:
            plan.update(visible_lines(str(error)))
            plan.add_class("wrong")

    @on(Input.Submitted, "#query")
    def _submit(self, event: Input.Submitted) -> None:
        if event.value.strip():
            self._look(event.value)

    @on(Tree.NodeSelected, "#found")
    def _go_on(self, event: Tree.NodeSelected[Any]) -> None:
        if isinstance(event.node.data, More):
            more = event.node.data
            event.node.remove()
            self._look(more.text, more.cursor)

    @on(Tree.NodeExpanded, "#found")
    def _open(self, event: Tree.NodeExpanded[Any]) -> None:
        node = event.node
        if node.children:
            return
        match node.data:
            case Found(entity):
                _grow(node, fields(entity))
            case Branch() as branch:
                _grow(node, branch.branches())

    def action_ask(self) -> None:
        """Go to the query."""
        self.query_one("#query", Input).focus()

    def action_collection(self) -> None:
        """Ask for everything in the partition of the entity."""
        if (entity := self._entity()) is not None:
            self._ask(texts.collection(self.store.schema, entity))

    def action_scan(self) -> None:
        """Write a scan of the entity's class, or of the one whose pattern is chosen; send nothing."""
        entity = self._entity()
        chosen = self.query_one("#patterns", Tree).cursor_node
        name = type(entity).__name__ if entity is not None else _class_at(chosen)
        known = [each.__name__ for each in self.store.schema.entities]
        if known:
            self._write(f"scan({name or known[0]})")

    def action_stored(self) -> None:
        """Show the entity's item as the table has it."""
        if (node := self._node()) is not None:
            self._read_stored(node)

    def action_edit(self) -> None:
        """Change fields of the entity."""
        if (node := self._node()) is not None:
            self.push_screen(Changing.fields(_entity_at(node)), self._changed(node))

    def action_delete(self) -> None:
        """Delete the entity, once that is confirmed."""
        if (node := self._node()) is not None:
            self.push_screen(Changing.deletion(_entity_at(node)), self._changed(node))

    def _changed(self, node: TreeNode[Any]) -> Any:
        def make(change: Any) -> None:
            if change is not None:
                self._change(node, change)

        return make

    @work(thread=True, exclusive=True, group="sent")
    def _look(self, text: str, cursor: str | None = None) -> None:
        try:
            found = look(self.store, text, limit=PAGE, cursor=cursor)
        except DynastoreError as error:
            self.call_from_thread(self._say, error)
            return
        self.call_from_thread(self._show, found, going_on=cursor is not None)

    @work(thread=True, exclusive=True, group="sent")
    def _read_stored(self, node: TreeNode[Any]) -> None:
        try:
            item, step = stored(self.store, _entity_at(node))
        except DynastoreError as error:
            self.call_from_thread(self._say, error)
            return
        self.call_from_thread(self._show_stored, node, item, step)

    @work(thread=True, exclusive=True, group="sent")
    def _change(self, node: TreeNode[Any], change: Any) -> None:
        try:
            entity, step = change.make(self.store)
        except DynastoreError as error:
            self.call_from_thread(self._say, error)
            return
        self.call_from_thread(self._show_changed, node, entity, step)

    def _show(self, found: Look, *, going_on: bool) -> None:
        tree = self.query_one("#found", Tree)
        if not going_on:
            tree.clear()
        for partition, entities in found.by_partition(self.store.schema).items():
            branch = tree.root.add(Text(visible(partition), "bold"), expand=True)
            for entity in entities:
                branch.add(Text(texts.title(entity)), Found(entity))
        if found.cursor is not None:
            tree.root.add_leaf(Text("more…", "italic"), More(found.step.text, found.cursor))
        elif not tree.root.children:
            tree.root.add_leaf(Text("nothing", "italic"))
        tree.focus()
        self._tell(found.step)

    def _show_stored(self, node: TreeNode[Any], item: Any, step: Step) -> None:
        node.expand()
        if not node.children:
            _grow(node, fields(_entity_at(node)))
        branch = node.add(Text("as stored", "bold"), expand=True)
        if item is None:
            branch.add_leaf(Text("it is there no more", "italic"))
        else:
            _grow(branch, attributes(item))
        self._tell(step)

    def _show_changed(self, node: TreeNode[Any], entity: Any, step: Step) -> None:
        if entity is None:
            node.remove()
        else:
            node.data = Found(entity)
            node.set_label(Text(texts.title(entity)))
            node.remove_children()
            _grow(node, fields(entity))
        self._tell(step)

    def _show_patterns(self) -> None:
        tree = self.query_one("#patterns", Tree)
        tree.root.expand()
        indexes = {(row.entity, row.pattern): row for row in rows(self.store.schema)}
        for cls in self.store.schema.entities:
            spec = spec_of(cls)
            branch = tree.root.add(Text(spec.name, "bold"), expand=len(indexes) < PAGE)
            for pattern in spec.patterns:
                row = indexes[spec.name, pattern.name]
                label = Text(pattern.name)
                label.append(f"  {row.index.name or 'table'}  {row.partition}", "dim")
                branch.add_leaf(label, texts.template(spec, pattern))

    def _tell(self, step: Step) -> None:
        self.steps.append(step)
        figures = (f"{step.units:g}", f"{step.dollars:.3g}", f"{step.found:,}")
        table = self.query_one("#steps", DataTable)
        table.add_row(*map(Text, (*figures, step.requests, visible(step.text))))
        table.scroll_end(animate=False)
        self._show_sum()

    def _show_sum(self) -> None:
        units = sum(step.units for step in self.steps)
        requests = sum(len(step.sent) for step in self.steps)
        may = "may write" if self.writes else "read only"
        self.query_one("#top", Static).update(
            Text(f" {visible(self.place)}   {may}   {requests:,} sent, {units:g} units so far")
        )

    def _say(self, error: DynastoreError) -> None:
        self.notify(visible_lines(str(error)), severity="error", timeout=10, markup=False)

    def _ask(self, text: str) -> None:
        self._write(text)
        self._look(text)

    def _write(self, text: str) -> None:
        line = self.query_one("#query", Input)
        line.value = text
        line.focus()
        empty = text.find('""')
        line.cursor_position = len(text) if empty < 0 else empty + 1

    def _node(self) -> TreeNode[Any] | None:
        """The entity's node under the cursor, or around it."""
        node = self.query_one("#found", Tree).cursor_node
        while node is not None and not isinstance(node.data, Found):
            node = node.parent
        return node

    def _entity(self) -> Any:
        node = self._node()
        return None if node is None else _entity_at(node)


def _entity_at(node: TreeNode[Any]) -> Any:
    assert isinstance(node.data, Found), "only what was found is asked about"
    return node.data.entity


def _grow(node: TreeNode[Any], branches: Any) -> None:
    for branch in branches:
        node.add(Text(branch.line), branch, allow_expand=branch.opens)


def _class_at(node: TreeNode[Any] | None) -> str | None:
    """The class whose access pattern a node of the left tree is."""
    if node is None or node.data is None:
        return None
    return str(node.data).partition("(")[0]
