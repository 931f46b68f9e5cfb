#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""early-log as on a machine, in mount and network name spaces of its own: /dev/log, the journal's sockets, the kernel's log,
logger(1), real syslog daemons, a disk that is read-only or full. argv[1] is its path."""
import array
import fcntl
import os
import pathlib
import resource
import shutil
import signal
import socket
import struct
import subprocess
import sys
import sysconfig
import termios
import time

from early_log import LOGS_FLUSH, Keeper, add_stream, start_machine, wait_for
from early_wire import message

RUN = pathlib.Path("/run/early/log")
ARCHIVE = pathlib.Path("/var/log/early")
JOURNAL = pathlib.Path("/run/systemd/journal")
SYSLOG_OUT = pathlib.Path("/run/syslog.out")
# A copy of the tests' own: installed, it would be a service of this machine.
COPY = f"{os.environ.get('XDG_CACHE_HOME') or os.path.expanduser('~/.cache')}/early/packages/rsyslog/usr"
LIBRARIES = f"{COPY}/lib/{sysconfig.get_config_var('MULTIARCH')}"
RSYSLOGD = ["env", f"LD_LIBRARY_PATH={LIBRARIES}", f"{COPY}/sbin/rsyslogd", "-M", f"{LIBRARIES}/rsyslog"]


def call(*command):
    subprocess.run(command, check=True)


def enter():
    """The same program again, where nothing of the host can be hurt."""
    if os.environ.get("LOG_MACHINE") != "inside":
        os.environ["LOG_MACHINE"] = "inside"
        os.execvp("unshare", ["unshare", "-m", "-n", "--propagation", "private", sys.executable, *sys.argv])
    call("mount", "-t", "tmpfs", "tmpfs", "/run")
    call("mount", "-t", "tmpfs", "-o", "size=16m", "tmpfs", "/var/log")
    call("mount", "-t", "tmpfs", "tmpfs", "/dev")
    for name, minor in ("null", 3), ("zero", 5), ("random", 8), ("urandom", 9), ("kmsg", 11):
        os.mknod(f"/dev/{name}", 0o666 | 0o020000, os.makedev(1, minor))


def text(path):
    try:
        return path.read_text(errors="replace")
    except FileNotFoundError:
        return ""


def both(path):
    """With the generation before."""
    return text(path.with_name(path.name + ".1")) + text(path)


def all_logs(folder):
    return "".join(text(path) for path in sorted(folder.glob("*.log.1")) + sorted(folder.glob("*.log")))


def log(words):
    call("logger", "-p", "user.notice", "-t", "teller", words)


class Machine:
    def __init__(self, program):
        self.program = program
        self.is_flushed = False
        self.keeper = Keeper()
        self.begin()

    def begin(self):
        self.link, self.child = start_machine(self.program)
        self.keeper.hand_over(self.link)
        wait_for(lambda: os.path.exists("/dev/log"), "/dev/log")
        wait_for(lambda: (JOURNAL / "stdout").exists(), "the journal's sockets")
        if self.is_flushed:
            self.flush()

    def flush(self):
        self.is_flushed = True
        self.link.send(message(LOGS_FLUSH))

    def kill(self):
        self.child.kill()
        self.child.wait()
        self.keeper.take(self.link)
        self.link.close()

    def restart(self):
        self.kill()
        self.begin()

    def end(self):
        self.link.close()
        assert self.child.wait(120) == 0, "the end of the link is the end"


def test_kernel(machine):
    mark = f"early-log test {os.getpid()}"
    def say(n):
        with open("/dev/kmsg", "w") as kmsg:
            kmsg.write(f"<5>{mark} {n}\n")
    say(0)
    machine.restart()
    wait_for(lambda: f"notice {mark} 0" in all_logs(RUN), "a line of before early-log's start")
    first = text(RUN / "kernel.log").splitlines()[0]
    for n in range(1, 6):
        say(n)
        machine.restart()
        say(n + 100)
        wait_for(lambda: f"{mark} {n + 100}" in all_logs(RUN), "the kernel's next line")
    found = [line for line in all_logs(RUN).splitlines() if mark in line]
    wanted = ["0"] + [str(n + more) for n in range(1, 6) for more in (0, 100)]
    assert [line.split()[-1] for line in found] == wanted, f"each line once: {found}"
    assert text(RUN / "kernel.log").splitlines()[0] == first or (RUN / "kernel.log.1").exists()
    reader = os.open("/dev/kmsg", os.O_RDONLY | os.O_NONBLOCK)
    oldest = os.read(reader, 8192).decode(errors="replace").split(";", 1)[1].splitlines()[0]
    os.close(reader)
    assert oldest in all_logs(RUN), f"the kernel's first line, {oldest}"


def memfd_message(data):
    fd = os.memfd_create("message", os.MFD_ALLOW_SEALING)
    os.write(fd, data)
    F_ADD_SEALS, ALL = 1033, 15

    fcntl.fcntl(fd, F_ADD_SEALS, ALL)
    return fd


def test_journal(machine):
    native = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    native.connect(str(JOURNAL / "socket"))
    native.send(b"PRIORITY=4\nSYSLOG_IDENTIFIER=me\nMESSAGE\n" + (7).to_bytes(8, "little") + b"two\nrow\n")
    fd = memfd_message(b"SYSLOG_IDENTIFIER=large\nMESSAGE=" + b"L" * 200000 + b"END\n")
    native.sendmsg([b""], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [fd]))])
    native.send(b"\xff\xfe garbage without end")
    stdout = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    stdout.connect(str(JOURNAL / "stdout"))
    for byte in b"speaker\nx.service\n5\n1\n0\n0\n0\n<3>bad\n":
        stdout.send(bytes([byte]))
    stdout.send(b"nul \0 and \x1b[2J escape\n" + b"W" * 10000 + b"\nno newline")
    stdout.close()
    liar = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    liar.connect(str(JOURNAL / "stdout"))
    liar.send(b"GET / HTTP/1.1\r\n" * 8)
    wait_for(lambda: "no newline" in all_logs(RUN), "the end of a stream")
    found = all_logs(RUN)
    for words in ("warning me[", "]: two\n", "]: row\n", "err speaker[", "nul ? and ?[2J escape", "notice speaker["):
        assert words in found, words
    assert sum(line.count("L") for line in found.splitlines() if " large[" in line) == 200000, "a large message, whole"
    assert sum(line.count("W") for line in found.splitlines() if " speaker[" in line) == 10000, "a long line, whole"
    assert "HTTP" not in found, "who is no client of the journal is not read"
    assert liar.recv(1) == b"", "and is told"


def test_killed(machine):
    """Nobody notices: connections hold, and what is sent meanwhile waits."""
    stdout = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    stdout.connect(str(JOURNAL / "stdout"))
    stdout.send(b"holder\n\n5\n1\n0\n0\n0\nhold one\n")
    native = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    native.connect(str(JOURNAL / "socket"))
    wait_for(lambda: "hold one" in all_logs(RUN), "a line of a connection")
    for turn in range(3):
        stdout.send(b"hold ")
        wait_for(lambda: struct.unpack("i", fcntl.ioctl(stdout, termios.TIOCOUTQ, bytes(4)))[0] == 0, "half a line is read")
        machine.kill()
        stdout.send(b"while away %d\n" % turn)
        native.send(b"MESSAGE=sent while away %d\n" % turn)
        log(f"logged while away {turn}")
        machine.begin()
        for words in ("hold", "sent", "logged"):
            wait_for(lambda: f"{words} while away {turn}\n" in all_logs(RUN), f"what was {words} while it was away")
    assert all_logs(RUN).count("notice holder[") == 4, "and by the same name, each once, none in two halves"
    stdout.close()
    wait_for(lambda: machine.keeper.take(machine.link) or
             not any("holder" in name for name in machine.keeper.kept), "the end of a connection is the end of its keeping")
    assert len(machine.keeper.kept) == 3, f"the sockets only: {list(machine.keeper.kept)}"


class Daemon:
    """rsyslogd, with or without a socket that it is given."""

    def __init__(self, listen=None):
        conf = pathlib.Path("/run/rsyslog.conf")
        conf.write_text('global(workDirectory="/run")\nmodule(load="imuxsock")\n'
                        f'*.* action(type="omfile" file="{SYSLOG_OUT}" flushOnTXEnd="on")\n')
        command = [*RSYSLOGD, "-n", "-iNONE", "-f", str(conf)]
        if listen:
            command = ["sh", "-c", 'exec 3<&%d; export LISTEN_FDS=1 LISTEN_PID=$$; exec "$@"' % listen.fileno(), "sh", *command]
        self.child = subprocess.Popen(command, pass_fds=[listen.fileno()] if listen else [])

    def end(self, how=signal.SIGTERM):
        self.child.send_signal(how)
        self.child.wait()


def test_client_without_a_descriptor(machine):
    """It is heard when there is one; until then early-log does not turn in circles."""
    pid = machine.child.pid
    limits = resource.prlimit(pid, resource.RLIMIT_NOFILE)
    fds = {int(fd) for fd in os.listdir(f"/proc/{pid}/fd")}
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (next(n for n in range(len(fds) + 1) if n not in fds), limits[1]))

    def ticks():
        return sum(int(word) for word in pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11:13])
    begun = ticks()
    client = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    client.connect(str(JOURNAL / "stdout"))
    client.send(b"late\n\n5\n1\n0\n0\n0\nheard at last\n")
    time.sleep(2)
    assert "heard at last" not in all_logs(RUN), "it was heard without a descriptor"
    assert ticks() - begun < os.sysconf("SC_CLK_TCK") // 2, f"{ticks() - begun} ticks in two seconds"
    resource.prlimit(pid, resource.RLIMIT_NOFILE, limits)
    wait_for(lambda: "heard at last" in all_logs(RUN), "the client, when there is a descriptor")
    client.close()


def count(words):
    return text(SYSLOG_OUT).count(words + "\n")


def test_daemon_with_a_socket(machine):
    """As rsyslog's stock units have it: syslog.socket is held by somebody else."""
    pathlib.Path("/run/systemd/system").mkdir(parents=True, exist_ok=True)
    log("before the socket")
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    listener.bind(str(JOURNAL / "syslog"))
    log("before the daemon")
    time.sleep(0.3)
    machine.restart()
    listener.setblocking(False)
    try:
        assert not listener.recv(8192), "unreachable"
    except BlockingIOError:
        pass  # nothing may come, and so wake the daemon, before the disks are there
    machine.flush()
    daemon = Daemon(listener)
    writer = add_stream(machine.link, "a.service")
    os.write(writer, b"by its pipe\n")
    wait_for(lambda: count("teller: before the socket") == 1, "what was said before the socket was there")
    wait_for(lambda: count("teller: before the daemon") == 1, "what was said before the daemon was there")
    wait_for(lambda: count("a.service: by its pipe") == 1, "what a service says")
    daemon.end()
    log("while it is away")
    machine.restart()
    log("and early-log killed")
    daemon = Daemon(listener)
    wait_for(lambda: count("teller: while it is away") == 1, "what was said between two daemons")
    wait_for(lambda: count("teller: and early-log killed") == 1, "what was said after early-log was killed")
    log("now")
    wait_for(lambda: count("teller: now") == 1, "what is said to it")
    assert count("teller: before the daemon") == 1, "nothing twice"
    assert "teller: now" in all_logs(RUN).replace("]", "").replace("[", "") or "now" in all_logs(RUN)
    daemon.end()
    listener.close()
    (JOURNAL / "syslog").unlink()
    os.rmdir("/run/systemd/system")


def is_link():
    return os.path.islink("/dev/log") and (JOURNAL / "dev-log").exists()


def test_daemon_that_takes_dev_log(machine):
    SYSLOG_OUT.unlink()
    log("early one")
    wait_for(lambda: "early one" in all_logs(RUN), "a line in memory")
    for turn, how in enumerate((signal.SIGTERM, signal.SIGKILL, signal.SIGTERM)):
        daemon = Daemon()
        wait_for(lambda: os.path.exists("/dev/log") and not os.path.islink("/dev/log"), "the daemon has /dev/log")
        wait_for(lambda: count("teller: early one") == 1, "what was said before it")
        log(f"direct {turn}")
        wait_for(lambda: count(f"teller: direct {turn}") == 1, "what is said to the daemon itself")
        if turn > 0:
            wait_for(lambda: count(f"teller: back {turn - 1}") == 1, "the next daemon gets what was said before it")
        else:
            machine.restart()
            time.sleep(0.3)
            assert not os.path.islink("/dev/log"), "an early-log that starts anew leaves /dev/log to the daemon"
        daemon.end(how)
        wait_for(is_link, "early-log takes /dev/log back")
        log(f"back {turn}")
        wait_for(lambda: f"back {turn}" in all_logs(RUN), "what is said afterwards")
    assert count("teller: early one") == 1, "nothing twice"


def test_busybox(machine):
    """It follows the link, and takes our own socket's place."""
    out = pathlib.Path("/run/busybox.out")
    child = subprocess.Popen(["busybox", "syslogd", "-n", "-O", str(out)])
    def is_there():
        log("asking")
        return "asking" in text(out)
    wait_for(is_there, "busybox's syslogd", pause=0.2)
    child.kill()
    child.wait()
    def is_back():
        subprocess.run(["logger", "-t", "teller", "early-log again"], stderr=subprocess.DEVNULL)
        return "early-log again" in all_logs(RUN)
    wait_for(is_back, "early-log takes its socket back", pause=0.2)


def test_read_only(machine):
    machine.kill()
    wait_for(lambda: subprocess.run(["mount", "-o", "remount,ro", "/var/log"], stderr=subprocess.DEVNULL).returncode == 0,
             "the writer ends with early-log", pause=0.2)
    machine.begin()
    log("while read-only")
    writer = add_stream(machine.link, "ro.service")
    for i in range(200):
        os.write(writer, b"ro %d\n" % i)
    wait_for(lambda: "ro 199" in all_logs(RUN), "memory takes it")
    time.sleep(1.2)
    call("mount", "-o", "remount,rw", "/var/log")
    wait_for(lambda: "ro 199" in all_logs(ARCHIVE), "the disk gets it when it can")
    found = [line.split()[-1] for line in text(ARCHIVE / "ro.service.log").splitlines() if " ro " in line]
    assert found == [str(i) for i in range(200)], "each once, in order"


def test_full(machine):
    filler = pathlib.Path("/var/log/filler")
    writer = add_stream(machine.link, "full.service")
    try:
        filler.write_bytes(b"x" * (17 << 20))
    except OSError:
        pass
    for i in range(1000):
        os.write(writer, b"full %d " % i + b"y" * 300 + b"\n")
    wait_for(lambda: "full 999" in all_logs(RUN), "memory takes it")
    time.sleep(0.5)
    machine.restart()
    time.sleep(1.2)
    filler.unlink()
    wait_for(lambda: "full 999" in all_logs(ARCHIVE), "the disk gets it when it has room")
    found = [line.split()[-2] for line in both(ARCHIVE / "full.service.log").splitlines() if " full " in line]
    assert found == [str(i) for i in range(1000)], f"each once, in order: {len(found)}"


def test_storm_of_datagrams(machine):
    """One who never stops must not stop the others: it is cut, and that is told."""
    flood = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    flood.connect("/dev/log")
    begun = time.monotonic()
    for i in range(30000):
        flood.send(b"<14>flood: drop %d" % i)
    writer = add_stream(machine.link, "calm.service")
    os.write(writer, b"calm\n")
    wait_for(lambda: "calm" in text(RUN / "calm.service.log"), "another's line")
    windows = 1 + int((time.monotonic() - begun) / 10)  # a machine that takes its time over it may be told more

    def dropped():
        return sum(int(line.split("early-log: ")[1].split()[0]) for line in both(RUN / "syslog.log").splitlines()
                   if "messages were dropped: more than 10000 in 10 s" in line)
    wait_for(lambda: dropped() >= 29000 - 10000 * windows, "what was dropped")
    assert dropped() <= 20200, dropped()


def main():
    enter()
    for tool in (RSYSLOGD[2], "logger", "busybox"):
        if not shutil.which(tool):
            sys.exit(f"there is no {tool}: run tests/install-deps check")
    machine = Machine(sys.argv[1])
    for test in (test_killed, test_kernel, test_journal, test_daemon_with_a_socket, test_daemon_that_takes_dev_log, test_busybox,
                 test_client_without_a_descriptor, test_read_only, test_full, test_storm_of_datagrams):
        test(machine)
        print("ok", test.__name__, flush=True)
    machine.end()


main()
