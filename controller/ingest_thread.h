/* ingest_thread - takes the turns of an ingest on a thread of its own.
 *
 * It drains what is there, then sleeps a millisecond: waking for each report costs more
 * than the report. With nothing there it waits for the next.
 */
#ifndef ASG_CONTROLLER_INGEST_THREAD_H
#define ASG_CONTROLLER_INGEST_THREAD_H

#include "controller/ingest_report.h"

struct asg_ingest_thread;

/* Both are lent until the thread is destroyed; nobody else may use the inlet.
 * ASG_ERR_IO: no thread to be had. */
ASG_MUST_USE enum asg_status asg_ingest_thread_new(struct asg_ingest *ingest,
                                                   struct asg_bus_inlet *inlet,
                                                   struct asg_ingest_thread **ret,
                                                   struct asg_error *error);
/* Stops and joins it. */
void asg_ingest_thread_destroy(struct asg_ingest_thread **thread);

#endif
