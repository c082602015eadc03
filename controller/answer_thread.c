#include "controller/answer_thread.h"

#include <pthread.h>
#include <stdlib.h>

struct queue {
    struct asg_question_asked *first;
    struct asg_question_asked **last; /* where the next one is hung */
};

struct asg_answer_thread {
    struct asg_answer_sources sources;
    void (*wake)(void *context);
    void *context;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t has_work;
    struct queue asked;
    struct queue answered;
    size_t count; /* in both, and under way */
    bool is_stopping;
};

static void push(struct queue *queue, struct asg_question_asked *question)
{
    question->next = NULL;
    *queue->last = question;
    queue->last = &question->next;
}

static struct asg_question_asked *pop(struct queue *queue)
{
    struct asg_question_asked *question = queue->first;
    if (question == NULL) return NULL;
    queue->first = question->next;
    if (queue->first == NULL) queue->last = &queue->first;
    return question;
}

/* NULL: it stops. */
static struct asg_question_asked *await_work(struct asg_answer_thread *self)
{
    (void)pthread_mutex_lock(&self->lock);
    while (self->asked.first == NULL && !self->is_stopping) {
        (void)pthread_cond_wait(&self->has_work, &self->lock);
    }
    struct asg_question_asked *question = self->is_stopping ? NULL : pop(&self->asked);
    (void)pthread_mutex_unlock(&self->lock);
    return question;
}

static void *run(void *context)
{
    struct asg_answer_thread *self = context;
    struct asg_question_asked *question = NULL;
    while ((question = await_work(self)) != NULL) {
        asg_question_answer(question, &self->sources);
        (void)pthread_mutex_lock(&self->lock);
        push(&self->answered, question);
        (void)pthread_mutex_unlock(&self->lock);
        self->wake(self->context);
    }
    return NULL;
}

static void free_all(struct asg_answer_thread *self)
{
    struct asg_question_asked *question = NULL;
    while ((question = pop(&self->asked)) != NULL ||
           (question = pop(&self->answered)) != NULL) {
        asg_question_free(question);
    }
    (void)pthread_cond_destroy(&self->has_work);
    (void)pthread_mutex_destroy(&self->lock);
    free(self);
}

enum asg_status asg_answer_thread_new(const struct asg_answer_sources *sources,
                                      void (*wake)(void *context), void *context,
                                      struct asg_answer_thread **ret,
                                      struct asg_error *error)
{
    struct asg_answer_thread *self = asg_alloc(1, sizeof *self);
    self->sources = *sources;
    self->wake = wake;
    self->context = context;
    self->asked.last = &self->asked.first;
    self->answered.last = &self->answered.first;
    (void)pthread_mutex_init(&self->lock, NULL);
    (void)pthread_cond_init(&self->has_work, NULL);
    if (pthread_create(&self->thread, NULL, run, self) != 0) {
        free_all(self);
        return asg_fail(error, ASG_ERR_IO, "cannot start the thread of answers");
    }
    *ret = self;
    return ASG_OK;
}

void asg_answer_thread_destroy(struct asg_answer_thread **thread)
{
    struct asg_answer_thread *self = *thread;
    if (self == NULL) return;
    (void)pthread_mutex_lock(&self->lock);
    self->is_stopping = true;
    (void)pthread_cond_signal(&self->has_work);
    (void)pthread_mutex_unlock(&self->lock);
    (void)pthread_join(self->thread, NULL);
    free_all(self);
    *thread = NULL;
}

enum asg_status asg_answer_thread_ask(struct asg_answer_thread *thread,
                                      struct asg_question_asked *question)
{
    (void)pthread_mutex_lock(&thread->lock);
    bool has_room = thread->count < ASG_QUESTIONS_MAX;
    if (has_room) {
        thread->count++;
        push(&thread->asked, question);
        (void)pthread_cond_signal(&thread->has_work);
    }
    (void)pthread_mutex_unlock(&thread->lock);
    return has_room ? ASG_OK : ASG_ERR_LIMIT;
}

struct asg_question_asked *asg_answer_thread_take(struct asg_answer_thread *thread)
{
    (void)pthread_mutex_lock(&thread->lock);
    struct asg_question_asked *question = pop(&thread->answered);
    if (question != NULL) thread->count--;
    (void)pthread_mutex_unlock(&thread->lock);
    return question;
}
