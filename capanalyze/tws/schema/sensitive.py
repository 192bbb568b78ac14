"""Which values of a message are sensitive: a message in, the dotted names of such fields and their kind out.

Both forms in one table, as they name their fields alike. Free text can quote any of the others, and an account's
id can stand where nobody expects it (the ``value`` of updateAccountValue with key AccountCode, for one): whoever
publishes a capture looks for what looks like an account in every text as well.
"""

from capanalyze.tws.schema import MessageType
from capanalyze.tws.schema.grammar import FIELD, SEQUENCE, Node
from capanalyze.tws.schema.protobuf_rows import fields

_kinds: dict[tuple[bool, int], dict[str, str]] = {}


def sensitive_fields(message: MessageType) -> dict[str, str]:
    """The kind (grammar.KINDS) of each sensitive field by its dotted name, list positions left out."""
    found = _kinds.get((message.from_client, message.id))
    if found is None:
        found = {}
        _text(message.nodes(), "", found)
        _protobuf(message.protobuf, "", found)
        _kinds[message.from_client, message.id] = found
    return found


def _text(nodes: list[Node], prefix: str, found: dict[str, str]) -> None:
    for node in nodes:
        if node.form == FIELD and node.kind:
            found[prefix + node.name] = node.kind
        _text(node.children, prefix if node.form == SEQUENCE else f"{prefix}{node.name}.", found)


def _protobuf(name: str, prefix: str, found: dict[str, str]) -> None:
    for field in fields(name).values() if name else ():
        if field.kind:
            found[prefix + field.name] = field.kind
            if field.type == "map":
                found[f"{prefix}{field.name}.value"] = field.kind
        if field.is_message:
            _protobuf(field.type, f"{prefix}{field.name}.", found)
