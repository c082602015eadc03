#include "store/sqlite_chunks.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <sqlite3.h>

#define CHUNK_BYTES 65536
#define PAGE_MIN    512 /* less is a look at the header */
#define VFS_NAME    "openasg-chunks"

/* The file of SQLite's own VFS lies behind it. */
struct chunk_file {
    sqlite3_file base; /* first: SQLite casts */
    bool is_main;      /* the database itself; all else is passed on */
    uint8_t *chunk;    /* CHUNK_BYTES, or NULL until the file is read in order */
    sqlite3_int64 start;
    sqlite3_int64 length; /* 0: nothing is kept */
    sqlite3_int64 next;   /* where the read before ended */
};

static sqlite3_vfs *real_vfs;
static sqlite3_vfs chunk_vfs;

static sqlite3_file *real_of(sqlite3_file *file)
{
    return (sqlite3_file *)((struct chunk_file *)file + 1);
}

static void forget(sqlite3_file *file)
{
    ((struct chunk_file *)file)->length = 0;
}

static int close_file(sqlite3_file *file)
{
    struct chunk_file *self = (struct chunk_file *)file;
    free(self->chunk);
    self->chunk = NULL;
    return real_of(file)->pMethods->xClose(real_of(file));
}

/* True: the chunk has been read and holds what is asked for. The last one of a file is
 * short, and left to whoever knows how long the file is. */
static bool read_chunk(struct chunk_file *self, int amount, sqlite3_int64 offset)
{
    sqlite3_file *real = real_of(&self->base);
    if (self->chunk == NULL) self->chunk = malloc(CHUNK_BYTES);
    if (self->chunk == NULL || amount > CHUNK_BYTES) return false;
    self->length = 0;
    if (real->pMethods->xRead(real, self->chunk, CHUNK_BYTES, offset) != SQLITE_OK) {
        return false;
    }
    self->start = offset;
    self->length = CHUNK_BYTES;
    return true;
}

static int read_file(sqlite3_file *file, void *to, int amount, sqlite3_int64 offset)
{
    struct chunk_file *self = (struct chunk_file *)file;
    bool is_kept = offset >= self->start && offset + amount <= self->start + self->length;
    bool is_page = self->is_main && amount >= PAGE_MIN;
    bool is_in_order = offset >= self->next && offset - self->next < CHUNK_BYTES;
    self->next = offset + amount;
    if (!is_kept && is_page && is_in_order) {
        is_kept = read_chunk(self, amount, offset);
    }
    if (is_kept) {
        memcpy(to, self->chunk + (offset - self->start), (size_t)amount);
        return SQLITE_OK;
    }
    return real_of(file)->pMethods->xRead(real_of(file), to, amount, offset);
}

static int write_file(sqlite3_file *file, const void *from, int amount,
                      sqlite3_int64 offset)
{
    forget(file);
    return real_of(file)->pMethods->xWrite(real_of(file), from, amount, offset);
}

static int truncate_file(sqlite3_file *file, sqlite3_int64 size)
{
    forget(file);
    return real_of(file)->pMethods->xTruncate(real_of(file), size);
}

static int sync_file(sqlite3_file *file, int flags)
{
    return real_of(file)->pMethods->xSync(real_of(file), flags);
}

static int file_size(sqlite3_file *file, sqlite3_int64 *ret)
{
    return real_of(file)->pMethods->xFileSize(real_of(file), ret);
}

static int lock_file(sqlite3_file *file, int level)
{
    forget(file);
    return real_of(file)->pMethods->xLock(real_of(file), level);
}

static int unlock_file(sqlite3_file *file, int level)
{
    forget(file);
    return real_of(file)->pMethods->xUnlock(real_of(file), level);
}

static int check_reserved_lock(sqlite3_file *file, int *ret)
{
    return real_of(file)->pMethods->xCheckReservedLock(real_of(file), ret);
}

static int file_control(sqlite3_file *file, int what, void *argument)
{
    return real_of(file)->pMethods->xFileControl(real_of(file), what, argument);
}

static int sector_size(sqlite3_file *file)
{
    return real_of(file)->pMethods->xSectorSize(real_of(file));
}

static int device_characteristics(sqlite3_file *file)
{
    return real_of(file)->pMethods->xDeviceCharacteristics(real_of(file));
}

static int shm_map(sqlite3_file *file, int page, int size, int is_writing,
                   void volatile **ret)
{
    return real_of(file)->pMethods->xShmMap(real_of(file), page, size, is_writing, ret);
}

static int shm_lock(sqlite3_file *file, int offset, int count, int flags)
{
    forget(file);
    return real_of(file)->pMethods->xShmLock(real_of(file), offset, count, flags);
}

static void shm_barrier(sqlite3_file *file)
{
    real_of(file)->pMethods->xShmBarrier(real_of(file));
}

static int shm_unmap(sqlite3_file *file, int is_deleting)
{
    return real_of(file)->pMethods->xShmUnmap(real_of(file), is_deleting);
}

/* Version 2: what has a write-ahead log, and no memory maps. */
static const sqlite3_io_methods methods = {
    .iVersion = 2,
    .xClose = close_file,
    .xRead = read_file,
    .xWrite = write_file,
    .xTruncate = truncate_file,
    .xSync = sync_file,
    .xFileSize = file_size,
    .xLock = lock_file,
    .xUnlock = unlock_file,
    .xCheckReservedLock = check_reserved_lock,
    .xFileControl = file_control,
    .xSectorSize = sector_size,
    .xDeviceCharacteristics = device_characteristics,
    .xShmMap = shm_map,
    .xShmLock = shm_lock,
    .xShmBarrier = shm_barrier,
    .xShmUnmap = shm_unmap,
};

static int open_file(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags,
                     int *ret_flags)
{
    (void)vfs;
    struct chunk_file *self = (struct chunk_file *)file;
    *self = (struct chunk_file){.is_main = (flags & SQLITE_OPEN_MAIN_DB) != 0};
    int code = real_vfs->xOpen(real_vfs, name, real_of(file), flags, ret_flags);
    if (real_of(file)->pMethods != NULL) file->pMethods = &methods;
    return code;
}

static void register_vfs(void)
{
    real_vfs = sqlite3_vfs_find(NULL);
    if (real_vfs == NULL) return;
    chunk_vfs = *real_vfs; /* everything but open is its own */
    chunk_vfs.zName = VFS_NAME;
    chunk_vfs.pNext = NULL;
    chunk_vfs.szOsFile = (int)sizeof(struct chunk_file) + real_vfs->szOsFile;
    chunk_vfs.xOpen = open_file;
    if (sqlite3_vfs_register(&chunk_vfs, /* is default */ 0) != SQLITE_OK) {
        real_vfs = NULL;
    }
}

const char *asg_sqlite_chunks(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    (void)pthread_once(&once, register_vfs);
    return real_vfs == NULL ? NULL : VFS_NAME;
}
