/* Loaded before the C library (LD_PRELOAD): writes to files and their syncs take as long as on a bad disk,
 * and now and then one stalls for longer than the clients wait. What was delayed is told on standard error at the end. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define WRITE_US 1500
#define SYNC_US 150000
#define STALL_US 3500000
#define STALL_EVERY 2500

static atomic_ulong writes, syncs, stalls;

static int is_file(int fd) {
    struct stat at;
    return fstat(fd, &at) == 0 && S_ISREG(at.st_mode);
}

static void slow_write(int fd) {
    if (!is_file(fd))
        return;
    if (++writes % STALL_EVERY == 0) {
        ++stalls;
        usleep(STALL_US);
    }
    usleep(WRITE_US);
}

static void slow_sync(int fd) {
    if (!is_file(fd))
        return;
    ++syncs;
    usleep(SYNC_US);
}

#define REAL(name) ((typeof(&name))dlsym(RTLD_NEXT, #name))

ssize_t write(int fd, const void *bytes, size_t count) {
    slow_write(fd);
    return REAL(write)(fd, bytes, count);
}

ssize_t pwrite(int fd, const void *bytes, size_t count, off_t at) {
    slow_write(fd);
    return REAL(pwrite)(fd, bytes, count, at);
}

ssize_t pwrite64(int fd, const void *bytes, size_t count, off64_t at) {
    slow_write(fd);
    return REAL(pwrite64)(fd, bytes, count, at);
}

int fsync(int fd) {
    slow_sync(fd);
    return REAL(fsync)(fd);
}

int fdatasync(int fd) {
    slow_sync(fd);
    return REAL(fdatasync)(fd);
}

__attribute__((destructor)) static void tell(void) {
    if (writes > 0)
        fprintf(stderr, "slow disk: %lu writes, %lu syncs and %lu stalls\n", writes, syncs, stalls);
}
