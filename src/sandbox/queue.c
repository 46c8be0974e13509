/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/queue.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <time.h>

#include "base/alloc.h"
#include "base/clock.h"

struct job {
	int64_t due_us;
	uint64_t no; /* equal due times run in order of arrival */
	void (*run)(void *);
	void *arg;
};

struct queue {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	struct job *heap;
	size_t n, cap;
	uint64_t next_no;
	bool ending;
	unsigned threads_n;
	pthread_t threads[];
};

static bool job_before(const struct job *a, const struct job *b)
{
	return a->due_us < b->due_us || (a->due_us == b->due_us && a->no < b->no);
}

static void heap_swap(struct job *a, struct job *b)
{
	struct job was = *a;

	*a = *b;
	*b = was;
}

static void heap_push(struct queue *q, struct job job)
{
	size_t i = q->n++;

	if (q->n > q->cap) {
		q->cap = q->cap == 0 ? 64 : q->cap * 2;
		q->heap = alloc_resize(q->heap, q->cap * sizeof(*q->heap));
	}
	q->heap[i] = job;
	for (; i > 0 && job_before(&q->heap[i], &q->heap[(i - 1) / 2]); i = (i - 1) / 2)
		heap_swap(&q->heap[i], &q->heap[(i - 1) / 2]);
}

static struct job heap_pop(struct queue *q)
{
	struct job top = q->heap[0];
	size_t i = 0;

	q->heap[0] = q->heap[--q->n];
	for (;;) {
		size_t least = i, left = 2 * i + 1;

		for (size_t kid = left; kid < left + 2 && kid < q->n; kid++)
			if (job_before(&q->heap[kid], &q->heap[least]))
				least = kid;
		if (least == i)
			return top;
		heap_swap(&q->heap[i], &q->heap[least]);
		i = least;
	}
}

static void queue_wait(struct queue *q)
{
	struct timespec until;
	int64_t left_us;

	if (q->n == 0) {
		pthread_cond_wait(&q->changed, &q->lock);
		return;
	}
	left_us = q->heap[0].due_us - clock_boot_us();
	clock_gettime(CLOCK_MONOTONIC, &until);
	left_us = left_us < 0 ? 0 : left_us;
	until.tv_sec += (time_t)(left_us / US_PER_S);
	until.tv_nsec += (long)(left_us % US_PER_S) * 1000;
	if (until.tv_nsec >= 1000000000L) {
		until.tv_sec++;
		until.tv_nsec -= 1000000000L;
	}
	pthread_cond_timedwait(&q->changed, &q->lock, &until);
}

static void *queue_thread(void *arg)
{
	struct queue *q = arg;

	pthread_mutex_lock(&q->lock);
	while (!q->ending) {
		struct job job;

		if (q->n == 0 || q->heap[0].due_us > clock_boot_us()) {
			queue_wait(q);
			continue;
		}
		job = heap_pop(q);
		pthread_mutex_unlock(&q->lock);
		job.run(job.arg);
		pthread_mutex_lock(&q->lock);
	}
	pthread_mutex_unlock(&q->lock);
	return NULL;
}

struct queue *sandbox_queue_new(unsigned threads)
{
	struct queue *q = alloc_zero(sizeof(*q) + threads * sizeof(q->threads[0]));
	pthread_condattr_t attr;

	pthread_mutex_init(&q->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&q->changed, &attr);
	pthread_condattr_destroy(&attr);
	for (unsigned i = 0; i < threads; i++)
		if (pthread_create(&q->threads[q->threads_n], NULL, queue_thread, q) == 0)
			q->threads_n++;
	return q;
}

void sandbox_queue_stop(struct queue *q)
{
	pthread_mutex_lock(&q->lock);
	q->ending = true;
	pthread_cond_broadcast(&q->changed);
	pthread_mutex_unlock(&q->lock);
	for (unsigned i = 0; i < q->threads_n; i++)
		pthread_join(q->threads[i], NULL);
	q->threads_n = 0;
}

void sandbox_queue_free(struct queue *q)
{
	if (q == NULL)
		return;
	sandbox_queue_stop(q);
	pthread_cond_destroy(&q->changed);
	pthread_mutex_destroy(&q->lock);
	free(q->heap);
	free(q);
}

void sandbox_queue_add(struct queue *q, int64_t due_us, void (*run)(void *), void *arg)
{
	pthread_mutex_lock(&q->lock);
	heap_push(q, (struct job){ due_us, q->next_no++, run, arg });
	pthread_cond_signal(&q->changed);
	pthread_mutex_unlock(&q->lock);
}
