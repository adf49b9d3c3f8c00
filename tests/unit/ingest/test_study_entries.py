import datetime as dt
from dataclasses import replace

from protocol_assets.ingest.study_entries import (
    EntryRecorder,
    begin_entry,
    clear_error,
    land_entry,
    mark_not_online,
)
from protocol_assets.lake.manifest import StudyEntry
from protocol_assets.lake.raw import Stamp
from protocol_assets.sources.dicomweb.reconcile import ListedStudy
from protocol_assets.sources.errors import PacsError

NOW = dt.datetime(2026, 3, 5, 6, 7, 8, tzinfo=dt.UTC)
RECORDER = EntryRecorder(NOW)
LISTED = ListedStudy("1.2.3", 2, 40)
STAMP = Stamp("mark", "hash", 40, 39, miscounted=True)
NEW = begin_entry(LISTED, "name", None, None, has_file=False)
LANDED = land_entry(replace(NEW, has_data=True), STAMP)


def begin(before: StudyEntry | None, stamp: Stamp | None, has_file: bool) -> StudyEntry:
    return begin_entry(LISTED, "name", before, stamp, has_file)


def test_a_new_study_begins_as_failed_without_data() -> None:
    assert (NEW.state, NEW.has_data, NEW.expected, NEW.tries, NEW.error) == (
        "failed",
        False,
        40,
        0,
        "",
    )


def test_a_file_counts_only_if_a_stamp_or_an_entry_knows_it() -> None:
    assert not begin(None, None, has_file=True).has_data
    assert begin(None, STAMP, has_file=True).has_data
    assert begin(LANDED, None, has_file=True).has_data
    assert not begin(LANDED, STAMP, has_file=False).has_data


def test_only_a_failed_study_keeps_its_error() -> None:
    failed = RECORDER.fail(NEW, PacsError("main", "bad_status", 500))
    assert (failed.tries, failed.stage, failed.status) == (1, "retrieve", 500)
    assert failed.first_seen == failed.last_seen == "2026-03-05T06:07:08+00:00"
    assert begin(failed, None, has_file=False).error == "bad_status"
    not_online = replace(mark_not_online(NEW), error="held", tries=2)
    assert not not_online.is_dead_letter
    assert begin(not_online, None, has_file=False).tries == 0


def test_a_landed_study_has_the_counts_of_its_file_and_no_error() -> None:
    failed = RECORDER.fail(NEW, PacsError("main", "timeout"))
    landed = land_entry(failed, STAMP)
    assert (landed.state, landed.instances, landed.miscounted) == ("landed", 39, True)
    assert (landed.tries, landed.error, landed.first_seen) == (0, "", "")


def test_the_first_failure_keeps_its_time() -> None:
    failed = RECORDER.fail(NEW, PacsError("main", "timeout"))
    later = EntryRecorder(NOW + dt.timedelta(1))
    again = later.keep_incomplete(failed, "incomplete")
    assert (again.state, again.tries, again.stage) == ("incomplete", 2, "reconcile")
    assert again.first_seen[:10] == "2026-03-05"
    assert again.last_seen[:10] == "2026-03-06"


def test_what_was_not_asked_is_no_try() -> None:
    failed = RECORDER.fail(NEW, PacsError("main", "timeout"))
    for kind, error in (("held", "timeout"), ("waiting", "waiting")):
        waiting = RECORDER.fail(failed, PacsError("main", kind))  # type: ignore[arg-type]
        assert (waiting.tries, waiting.error) == (1, error)
    put_off = RECORDER.fail(NEW, PacsError("main", "busy", 503, is_put_off=True))
    assert (put_off.tries, put_off.error) == (1, "waiting")
    assert RECORDER.fail(NEW, PacsError("main", "not_online")).state == "not_online"


def test_a_study_that_is_gone_keeps_the_time_when_it_went() -> None:
    gone = RECORDER.mark_gone(LANDED)
    assert (gone.state, gone.has_data, gone.instances) == ("gone", False, 0)
    later = EntryRecorder(NOW + dt.timedelta(1))
    assert later.mark_gone(gone) == gone
    assert clear_error(gone).first_seen == ""
