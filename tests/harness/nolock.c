/* nolock ERRNO COMMAND...: runs the command where every file lock fails with this error, as on a file
   system that has none. The kernel answers the calls flock and fcntl (its lock commands) so. */
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

/* F_GETLK, F_SETLK, F_SETLKW, and the same three for open files */
static const int commands[] = {5, 6, 7, 36, 37, 38};
enum { COMMANDS = sizeof commands / sizeof *commands };

int main(int count, char **words)
{
    struct sock_filter program[COMMANDS + 6];
    int n = 0;

    if (count < 3)
        return 2;
    program[n++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr));
    program[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_flock, COMMANDS + 3, 0);
    program[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_fcntl, 0, COMMANDS + 1);
    program[n++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[1]));
    for (int i = 0; i < COMMANDS; i++)
        program[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, commands[i], COMMANDS - i, 0);
    program[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
    program[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | atoi(words[1]));

    struct sock_fprog filter = {n, program};
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter)) {
        perror("nolock");
        return 125;
    }
    execvp(words[2], words + 2);
    perror(words[2]);
    return 127;
}
