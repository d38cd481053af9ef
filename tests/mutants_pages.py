"""What breaks the promises about the pages of reports, comparisons and inspections."""

from __future__ import annotations

from mutant import Mutant

BROWSER = "tests/report/test_pages_in_a_browser.py"
REPORT = "tests/report/test_what_a_page_leaves_out.py"
CSV = ("tests/report/test_downloads.py",)
FOLDERS = ("tests/report/test_hidden_folders.py",)

PAGES = (
    Mutant(
        "a table that is too wide scrolls in its place",
        "report/page.css",
        ".scroll { position: relative; overflow-x: auto;",
        ".scroll { position: relative;",
        (f"{BROWSER}::test_nothing_is_cut",),
    ),
    Mutant(
        "grey text can be read",
        "report/page.css",
        "--soft: #55606a;",
        "--soft: #8a949d;",
        (f"{BROWSER}::test_axe_finds_nothing",),
    ),
    Mutant(
        "paper is never dark",
        "report/page.css",
        "@media screen and (prefers-color-scheme: dark) {\n  :root",
        "@media (prefers-color-scheme: dark) {\n  :root",
        (f"{BROWSER}::test_dark_is_dark_and_figures_stand_on_white",),
    ),
    Mutant(
        "means keep their places when a table is sorted",
        "report/page.js",
        'moves: row.className === ""',
        "moves: true",
        (f"{BROWSER}::test_heads_means_and_lines_keep_their_places",),
    ),
    Mutant(
        "what is folded is printed",
        "report/page.js",
        "opened.forEach((details) => (details.open = true));",
        "",
        (f"{BROWSER}::test_print_opens_what_is_folded_and_has_contents",),
    ),
    Mutant(
        "no other script runs",
        "report/report.html",
        "script-src 'sha256-{{ script_hash }}'",
        "script-src 'unsafe-inline'",
        (f"{BROWSER}::test_the_page_forbids_other_scripts",),
    ),
    Mutant(
        "a minus is one that programs read",
        "report/downloads.py",
        'cell.replace("−", "-")',
        "cell",
        CSV,
    ),
    Mutant(
        "no text is a formula in a spreadsheet",
        "report/downloads.py",
        'return f"\'{cell}" if _FORMULA.match(cell) else cell',
        "return cell",
        CSV,
    ),
    Mutant(
        "folders with blanks are hidden where they are known",
        "report/hidden_folders.py",
        "for folder in folders:",
        "for folder in ():",
        FOLDERS,
    ),
    Mutant(
        "no folder is named on a page",
        "report/rendering.py",
        "sections=hide_folders(tuple(sections), folders),",
        "sections=sections,",
        (f"{REPORT}::test_no_folder_of_the_user_is_named",),
    ),
    Mutant(
        "the config's folders with blanks are not named either",
        "report/sections/detection.py",
        "hide_in_yaml(results.config_text)",
        "results.config_text",
        (f"{REPORT}::test_no_folder_of_the_user_is_named",),
    ),
    Mutant(
        "one subject has no mean",
        "report/sections/detection_tables.py",
        "if MEAN in value.index and len(subjects) > 1:",
        "if MEAN in value.index:",
        (f"{REPORT}::test_one_subject_is_neither_averaged_nor_compared",),
    ),
    Mutant(
        "one subject is not compared",
        "report/sections/comparison.py",
        'if len(part["detector"].unique()) > 1 and not results.one_subject',
        'if len(part["detector"].unique()) > 1',
        (f"{REPORT}::test_one_subject_is_neither_averaged_nor_compared",),
    ),
    Mutant(
        "a description says what was changed",
        "runs/config.py",
        "return content != before",
        "return False",
        ("tests/runs/test_config.py::test_the_description_says_what_was_changed_in_the_config",),
    ),
    Mutant(
        "a run is the same under another description",
        "runs/differences.py",
        ', exclude={"description"}',
        "",
        ("tests/runs/test_folder.py::test_a_run_goes_on_with_another_description",),
    ),
)
