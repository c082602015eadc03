/* notify - what a service tells systemd of itself (sd_notify(3)), without libsystemd:
 * that it is ready, that it is alive, that it is on its way out. Where nobody asks
 * (NOTIFY_SOCKET is not set) all of it does nothing.
 * Threads: the one that has opened it.
 */
#ifndef ASG_BASE_NOTIFY_H
#define ASG_BASE_NOTIFY_H

#include <stdint.h>

/* Call it in main() before other threads are made: takes NOTIFY_SOCKET and WATCHDOG_USEC
 * out of the environment, so that programs we run do not speak in our name. */
void asg_notify_open(void);

/* READY=1, with one line for `systemctl status`. */
void asg_notify_ready(const char *words);

/* WATCHDOG=1, as often as WatchdogSec= of the unit wants it; call it on each turn of the
 * loop that has to be alive. Returns the milliseconds until it should be called again;
 * INT64_MAX without a watchdog. */
int64_t asg_notify_alive(int64_t now_ms);

/* STOPPING=1; what follows may take as long as TimeoutStopSec=. */
void asg_notify_stopping(void);

void asg_notify_close(void);

#endif
