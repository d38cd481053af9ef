"""What breaks the promises about plug-ins."""

from __future__ import annotations

from mutant import Mutant

TESTS = ("tests/test_plugins.py",)

PLUGINS = (
    Mutant(
        "a plug-in does not take the place of ours",
        "plugins.py",
        "        if name in self._ours:\n            return self._ours[name]\n",
        "        if name in self._ours and name not in self._plugins.entries:\n"
        "            return self._ours[name]\n",
        TESTS,
    ),
    Mutant(
        "a name that two packages bring is neither's",
        "plugins.py",
        "                if others:\n",
        "                if len(others) > 1:\n",
        TESTS,
    ),
    Mutant(
        "a broken plug-in is named once",
        "plugins.py",
        "            self._plugins.told.add(name)\n",
        "",
        TESTS,
    ),
    Mutant(
        "a plug-in that ends Python is left out",
        "plugins.py",
        "            except (Exception, SystemExit) as error:  # noqa: BLE001 — code of others\n",
        "            except Exception as error:  # noqa: BLE001 — code of others\n",
        TESTS,
    ),
    Mutant(
        "entry points in the current folder are not looked at",
        "plugins.py",
        "distributions(path=_without_current(path))",
        "distributions(path=list(path))",
        TESTS,
    ),
    Mutant(
        "of a package that is there twice the first counts",
        "plugins.py",
        "        packages.setdefault(\n",
        "        packages.__setitem__(\n",
        TESTS,
    ),
    Mutant(
        "what is registered in a session is refused where workers need it",
        "runs/workers.py",
        "    if workers.described == 1:\n",
        "    if workers.described:\n",
        TESTS,
    ),
    Mutant(
        "a metric that fails on some folds is no mean of the others",
        "evaluation/metrics.py",
        " or wide[name].notna().all())",
        " or wide[name].notna().any())",
        TESTS,
    ),
    Mutant(
        "a class is stored under the name that it is registered by",
        "detectors/catalogue.py",
        'getattr(kind, "name", None)) != name:',
        'getattr(kind, "name", None)) is None:',
        TESTS,
    ),
    Mutant(
        "fits tell the version of the plug-in that they were made with",
        "runs/manifest.py",
        "    return {**fitting_versions(), **own}\n",
        "    return {**fitting_versions()}\n",
        ("tests/test_example_plugin.py",),
    ),
)
