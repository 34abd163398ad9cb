from __future__ import annotations

import pytest

from tests.factories import tree
from tests.launching import Files, link
from tests.native import shared
from troubleshooter.facts.libraries import Libraries, newest_of

MODULE = "/var/task/m.so"


@pytest.mark.parametrize(
    ("version", "provides", "newest"),
    [
        ("GLIBC_2.28", ("GLIBC_2.2.5", "GLIBC_2.26", "GLIBC_PRIVATE"), "GLIBC_2.26"),
        ("GLIBC_2.9", ("GLIBC_2.2.5", "GLIBC_2.26"), ""),
        ("GLIBCXX_3.4.30", ("GLIBCXX_3.4", "GLIBCXX_3.4.9", "CXXABI_1.3.13"), "GLIBCXX_3.4.9"),
        ("GLIBC_PRIVATE", ("GLIBC_2.26",), ""),
        ("OPENSSL_3.0.0", (), ""),
    ],
)
def test_age_is_told_within_one_kind(version: str, provides: tuple[str, ...], newest: str) -> None:
    assert newest_of(version, provides) == newest


def test_a_library_of_another_cpu_is_passed_over() -> None:
    files: Files = {
        MODULE: shared(needed=("libx.so",)),
        "/first/libx.so": shared("arm64", needed=("liblost.so",)),
        "/usr/lib64/libx.so": shared(),
    }
    libraries = Libraries(tree(files), ("/first",))
    assert [each.path for each in libraries.loading(MODULE).objects] == [MODULE, "/usr/lib64/libx.so"]
    assert libraries.missing(MODULE) == ()


def test_origin_is_the_folder_of_the_path_as_it_was_opened() -> None:
    files: Files = {
        "/real/m.so": shared(needed=("libx.so",), runpath="$ORIGIN/libs:/other"),
        MODULE: link("/real/m.so"),
        "/real/libs/libx.so": shared(needed=("liblost.so",)),
    }
    lost = Libraries(tree(files)).missing("/real/m.so")
    assert [(each.name, each.wanted_by) for each in lost] == [("liblost.so", "/real/libs/libx.so")]
    assert [each.path for each in Libraries(tree(files)).loading(MODULE).objects] == [MODULE]


@pytest.mark.parametrize("kept", [True, False])
def test_configured_folders_count_where_the_cache_was_not_read(kept: bool) -> None:
    files: Files = {
        MODULE: shared(needed=("libx.so",)),
        "/etc/ld.so.conf": "include ld.so.conf.d/*.conf\n",
        "/etc/ld.so.conf.d/x.conf": "# comment\n/srv/lib\n",
        "/srv/lib/libx.so": shared(needed=("liblost.so",)),
        **({"/etc/ld.so.cache": "no cache of glibc"} if kept else {}),
    }
    # Without a cache the loader never looks there; and a library that lies anywhere is not called missing.
    assert [each.name for each in Libraries(tree(files)).missing(MODULE)] == (["liblost.so"] if kept else [])


def test_libraries_that_load_each_other_end() -> None:
    files: Files = {
        MODULE: shared(needed=("liba.so",)),
        "/lib64/liba.so": shared(needed=("libb.so",)),
        "/lib64/libb.so": shared(needed=("liba.so", "liblost.so")),
    }
    assert [each.name for each in Libraries(tree(files)).missing(MODULE)] == ["liblost.so"]


def test_musl_is_known_by_its_loader() -> None:
    assert Libraries(tree({"/lib/ld-musl-x86_64.so.1": shared()})).musl
    assert not Libraries(tree({"/lib/ld-musl-x86_64.so.1": shared(), "/lib64/libc.so.6": shared()})).musl
    assert not Libraries(tree({})).musl


def test_no_program_file_needs_nothing() -> None:
    assert Libraries(tree({MODULE: "text"})).missing(MODULE) == ()
    assert Libraries(tree({MODULE: "text"})).outdated(MODULE) == ()


@pytest.mark.parametrize(
    ("defined", "taken"),
    [
        (("GLIBC_2.2.5", "GLIBC_2.33"), "/lib64/glibc-hwcaps/x86-64-v3/libx.so"),
        (("GLIBC_2.2.5", "GLIBC_2.26"), "/lib64/libx.so"),
    ],
)
def test_only_a_glibc_that_knows_levels_of_the_cpu_looks_for_them(defined: tuple[str, ...], taken: str) -> None:
    files: Files = {
        MODULE: shared(needed=("libx.so",)),
        "/lib64/libc.so.6": shared(defines=defined),
        "/lib64/libx.so": shared(),
        "/lib64/glibc-hwcaps/x86-64-v4/libx.so": shared(),
        "/lib64/glibc-hwcaps/x86-64-v3/libx.so": shared(),
    }
    assert [each.path for each in Libraries(tree(files)).loading(MODULE).objects] == [MODULE, taken]
