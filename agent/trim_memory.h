/* trim_memory - gives back what only the start needed.
 *
 * Loading 90 shared libraries (gRPC, libcurl and theirs) touches some 14 MB of their
 * files: symbol tables, relocations, initialisers. None of it is needed again, but the
 * kernel keeps it mapped until memory is short. Read-only mappings of files without a
 * single page of our own are dropped here; what is needed comes back from the page cache.
 */
#ifndef ASG_AGENT_TRIM_MEMORY_H
#define ASG_AGENT_TRIM_MEMORY_H

/* Once, after everything has been started. Costs a few milliseconds; never fails. */
void asg_trim_memory(void);

/* The same, when resident memory has grown by ASG_TRIM_BYTES since it was done last: a
 * TLS handshake reads some 9 MiB of code that nobody needs for hours. Costs 10 us when
 * there is nothing to do. */
#define ASG_TRIM_BYTES 2097152
void asg_trim_memory_if_grown(void);

#endif
