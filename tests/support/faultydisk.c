/* A disk that fails: write() and fsync() of one file end in EIO, as they do when a disk dies (see faultydisk.py).

   FAULTY_PATH   what the file's path ends in
   FAULTY_CALL   "write" or "sync"
   FAULTY_AFTER  that many such calls on it succeed
   FAULTY_TIMES  then so many fail, and later ones succeed again; 0: all fail
   FAULTY_LOSES  if set: a sync that fails loses what was added behind the last one that did not; zeros stand there

   A write that fails has written half of it. That a sync fails once, and then succeeds over what was lost, is what
   Linux does. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static long calls;
static ino_t synced_file;
static off_t synced;

static long number(const char *name) {
    const char *text = getenv(name);
    return text ? atol(text) : 0;
}

static int meant(int fd) {
    const char *wanted = getenv("FAULTY_PATH");
    char link[64], path[PATH_MAX];
    if (!wanted) return 0;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length < (ssize_t)strlen(wanted)) return 0;
    path[length] = 0;
    return strcmp(path + length - strlen(wanted), wanted) == 0;
}

static int fails(int fd, const char *call) {
    const char *wanted = getenv("FAULTY_CALL");
    if (!wanted || strcmp(wanted, call) != 0 || !meant(fd)) return 0;
    pthread_mutex_lock(&lock);
    long over = ++calls - number("FAULTY_AFTER"), times = number("FAULTY_TIMES");
    pthread_mutex_unlock(&lock);
    return over > 0 && (times == 0 || over <= times);
}

ssize_t write(int fd, const void *data, size_t size) {
    if (fails(fd, "write")) {
        syscall(SYS_write, fd, data, size / 2);
        errno = EIO;
        return -1;
    }
    return syscall(SYS_write, fd, data, size);
}

static ssize_t written_at(int fd, const void *data, size_t size, off_t offset) {
    if (fails(fd, "write")) {
        syscall(SYS_pwrite64, fd, data, size / 2, offset);
        errno = EIO;
        return -1;
    }
    return syscall(SYS_pwrite64, fd, data, size, offset);
}

ssize_t pwrite(int fd, const void *data, size_t size, off_t offset) { return written_at(fd, data, size, offset); }
ssize_t pwrite64(int fd, const void *data, size_t size, off64_t offset) { return written_at(fd, data, size, offset); }

static int synced_by(long call, int fd) {
    struct stat now;
    if (fails(fd, "sync")) {
        char zeros[4096] = {0};
        if (getenv("FAULTY_LOSES") && fstat(fd, &now) == 0)
            for (off_t at = now.st_ino == synced_file ? synced : 0; at < now.st_size; at += sizeof zeros) {
                off_t left = now.st_size - at;
                syscall(SYS_pwrite64, fd, zeros, left < (off_t)sizeof zeros ? left : (off_t)sizeof zeros, at);
            }
        errno = EIO;
        return -1;
    }
    int done = syscall(call, fd);
    if (done == 0 && meant(fd) && fstat(fd, &now) == 0) synced_file = now.st_ino, synced = now.st_size;
    return done;
}

int fsync(int fd) { return synced_by(SYS_fsync, fd); }
int fdatasync(int fd) { return synced_by(SYS_fdatasync, fd); }
