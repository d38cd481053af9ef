"""What breaks the promises about help: sentences, the schema of a config, tables, completion."""

from __future__ import annotations

from mutant import Mutant

SENTENCES = ("tests/test_parameters.py",)
SCHEMA = ("tests/runs/test_schema.py",)
TABLES = ("tests/commands/test_tables.py",)
COMPLETION = ("tests/commands/test_completion.py",)

HELP = (
    Mutant(
        "a section of a docstring ends where the next begins",
        "parameters.py",
        'if below.startswith("---"):',
        "if False:",
        SENTENCES,
    ),
    Mutant(
        "bases of a class in the same module say what its parameters are for",
        "parameters.py",
        "found |= _said_by_node(defined, ast.unparse(base))",
        "pass",
        SENTENCES,
    ),
    Mutant(
        "the fields of grouped arguments are said one by one",
        "parameters.py",
        "found |= said_by(group)",
        "pass",
        SENTENCES,
    ),
    Mutant(
        "the schema refuses a key that is not there",
        "runs/schema.py",
        '"properties": {**(keys or {}), **{each.name: _of_type(each) for each in parameters}},\n'
        '        "additionalProperties": False,',
        '"properties": {**(keys or {}), **{each.name: _of_type(each) for each in parameters}},',
        SCHEMA,
    ),
    Mutant(
        "the schema refuses a protocol that is not there",
        "runs/schema.py",
        '"properties": _each(PROTOCOLS, _protocol),\n        "additionalProperties": False,',
        '"properties": _each(PROTOCOLS, _protocol),',
        SCHEMA,
    ),
    Mutant(
        "the schema asks for the path of a source of files",
        "runs/schema.py",
        '["source", "path"] if info.from_files',
        '["source"] if info.from_files',
        SCHEMA,
    ),
    Mutant(
        "what each fold gives is no key of a config",
        "runs/schema.py",
        "if each.name not in GIVEN_BY_FOLD]",
        "if each.name]",
        SCHEMA,
    ),
    Mutant(
        "an entry of no known name says which detector it is",
        "runs/schema.py",
        'entry({**_OBJECT, "required": ["detector"]})',
        "entry({})",
        SCHEMA,
    ),
    Mutant(
        "any name can be referred to in the schema",
        "runs/schema.py",
        'name.replace("~", "~0").replace("/", "~1")',
        "name",
        SCHEMA,
    ),
    Mutant(
        "a column of numbers is never narrower than its numbers",
        "commands/tables.py",
        "max(longest, piece) if _are_numbers(column) else piece",
        "piece",
        TABLES,
    ),
    Mutant(
        "a number stays in one piece in a block",
        "commands/tables.py",
        'cell.replace(" ", "\\xa0") if fits and _NUMBER.match(cell) else cell',
        "cell",
        TABLES,
    ),
    Mutant(
        "a name is not folded within its numbers",
        "commands/tables.py",
        "(?<=[_/])(?=[^\\W\\d_])",
        "(?<=[_/])",
        TABLES,
    ),
    Mutant(
        "piped tables have whole lines",
        "commands/tables.py",
        "PIPED = 200",
        "PIPED = 80",
        TABLES,
    ),
    Mutant(
        "the config of the command tells its detectors while an option waits",
        "commands/completion.py",
        'context.params.get("config") or next(iter(context.args), None)',
        'context.params.get("config")',
        COMPLETION,
    ),
    Mutant(
        "a config that cannot be read offers nothing",
        "commands/completion.py",
        "        labels = []\n",
        "        raise\n",
        COMPLETION,
    ),
)
