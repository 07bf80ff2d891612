"""For gdb: `bascule-tasks` shows every task of every loop and where it waits.

    gdb -p PID -x tools/gdb/bascule.py        (or: gdb bascule core -x tools/gdb/bascule.py)
    (gdb) bascule-tasks

A parked task is not on any thread's stack, so gdb's own `bt` does not show it.  Its registers lie where
task_context_switch() in src/run/task_switch.c left them; from there the chain of frame pointers is
followed (the build keeps them), which needs no running process.  Nothing is changed.  A core that
the kernel wrote has the stacks; one of gdb's own generate-core-file lacks them (their guard pages stop it).
"""
import gdb

FRAMES_MAX = 64
# Words after task_context.sp: where the frame pointer and the return address were saved.
SAVED = {"x86-64": (5, 6), "aarch64": (18, 19)}
UCONTEXT_REGISTERS = (10, 16)  # of gregs on x86-64: RBP, RIP


def words(address, index):
    pointer = gdb.lookup_type("unsigned long").pointer()
    return int(gdb.Value(address).cast(pointer)[index])


def saved_registers(context):
    """Frame pointer and program counter of a task that does not run; None: unknown machine."""
    fields = [field.name for field in context.type.fields()]
    if "ucontext" in fields:
        try:
            registers = context["ucontext"]["uc_mcontext"]["gregs"]
            return tuple(int(registers[i]) for i in UCONTEXT_REGISTERS)
        except gdb.error:
            return None
    machine = gdb.selected_inferior().architecture().name()
    for name, (fp, pc) in SAVED.items():
        if name in machine:
            sp = int(context["sp"])
            return words(sp, fp), words(sp, pc)
    return None


def place(pc):
    """What stands at pc, innermost first, with what was inlined into it."""
    line = gdb.find_pc_line(pc)
    where = " at %s:%d" % (line.symtab.filename, line.line) if line.symtab else ""
    block = gdb.block_for_pc(pc)
    names = []
    while block is not None:
        if block.function is not None:
            names.append(block.function.name)
            if not block.function.symtab or block.superblock is None or block.superblock.is_static:
                break
        block = block.superblock
    if not names:
        return gdb.execute("info symbol %#x" % pc, to_string=True).split("\n")[0]
    return names[0] + where + "".join("\n        inlined in %s" % name for name in names[1:])


def backtrace(task):
    registers = saved_registers(task["context"])
    if registers is None:
        print("    (the saved registers of this machine are not known here)")
        return
    fp, pc = registers
    low = int(task["map"])
    high = low + int(task["map_bytes"])
    for number in range(FRAMES_MAX):
        print("    #%-2d %s" % (number, place(pc - 1 if pc > 0 else pc)))
        if not low <= fp < high - 16:
            break
        above, pc = words(fp, 0), words(fp, 1)
        if pc == 0 or above != 0 and above <= fp:
            break
        fp = above


def show(task, current):
    cut = str(task["cut"])
    notes = "" if cut == "ERR_NONE" else ", cut: " + cut
    if bool(task["is_woken"]):
        notes += ", woken"
    if int(task["clock_stops"]) > 0:
        notes += ", its clock stands"
    print("task %s  %s  group %s%s" % (hex(int(task.address)), task["name"].string(errors="replace"),
                                      hex(int(task["group"])), notes))
    if int(task.address) == current:
        print("    runs now: see `bt` of this thread")
        return
    print("    waits for %s" % task["waits_for"].string())
    backtrace(task)


def loops():
    """The loops of the selected thread, newest first."""
    symbol = gdb.lookup_static_symbol("loop_newest")
    if symbol is None:
        raise gdb.GdbError("no loop_newest: is this bascule, with debug information?")
    try:
        loop = symbol.value(gdb.newest_frame()) if symbol.needs_frame else symbol.value()
        address = int(loop)
    except gdb.error:
        return
    while address != 0:
        yield loop.dereference()
        loop = loop["older"]
        address = int(loop)


class Tasks(gdb.Command):
    """Shows every task of every loop and where it waits."""

    def __init__(self):
        super().__init__("bascule-tasks", gdb.COMMAND_STACK)

    def invoke(self, argument, from_tty):
        selected = gdb.selected_thread()
        if selected is None:
            raise gdb.GdbError("there is no process")
        try:
            for thread in gdb.selected_inferior().threads():
                thread.switch()
                for loop in loops():
                    self.show_loop(thread, loop)
        finally:
            selected.switch()

    def show_loop(self, thread, loop):
        tasks = loop["tasks"]
        current = int(tasks["current"])
        print("loop %s of thread %d: %d tasks" % (hex(int(loop.address)), thread.num, int(tasks["n"])))
        task = tasks["first"]
        try:
            while int(task) != 0:
                show(task.dereference(), current)
                task = task["all_next"]
        except gdb.MemoryError as error:
            print("    (not in this core: %s)" % error)


Tasks()
