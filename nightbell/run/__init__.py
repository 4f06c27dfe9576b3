"""Where the rooms are wired into processes.

Owns: settings, the command line, the supervisor, each process's entry, the demonstration.
Does not own: any rule, any table, any adapter.
"""
