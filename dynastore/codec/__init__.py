"""The codec: an entity as the item that is stored, with its payloads, and back."""
