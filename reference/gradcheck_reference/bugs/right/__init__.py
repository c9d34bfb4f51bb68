"""Source text, not a package to use: read a module with ``Bug.right_source()``."""

raise ImportError(
    "gradcheck_reference.bugs.right holds example sources as data; "
    "read them with gradcheck_reference.bugs.get(ID).right_source()"
)
