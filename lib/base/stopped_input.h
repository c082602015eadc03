/* stopped_input - keeps libzmq 4.3 from ending the program.
 *
 * When a socket's receive queue is full, libzmq's engine takes EPOLLIN away from the
 * connection. The kernel reports EPOLLERR and EPOLLHUP all the same: the engine notes an
 * I/O error and leaves the poller (stream_engine_base.cpp, in_event_internal). When the
 * queue has room again it reads on what it had received, and if a PING is there it wants
 * to write: `Assertion failed: !_io_error`, in out_event. So whoever may send could end
 * the controller, and an agent that died at a bad moment did. No option prevents it.
 *
 * Here the connection is out of the epoll set while its input is stopped, so that nobody
 * is told of the error before it is read again. What does not fit the kernel's buffer
 * waits for that as well: whoever stops reading until he has sent may wait for ever. And
 * an error comes as input alone, since the engine would be called twice for both, and the
 * first call may stop the input. Only for libzmq's own threads; this file defines
 * epoll_ctl() and epoll_wait() for its program, which libzmq then calls, as
 * accept_calls.c does with accept().
 * Threads: any.
 */
#ifndef ASG_BASE_STOPPED_INPUT_H
#define ASG_BASE_STOPPED_INPUT_H

/* Does nothing: a program that calls it is linked with the two functions here. */
void asg_stopped_input_link(void);

#endif
