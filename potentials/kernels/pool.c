#include "pool.h"

#include <pthread.h>
#include <stdlib.h>
#include <time.h>

/* Built on a recent glibc, the addon must still load where Node does: take the symbol versions from before threads
 * moved to libc. */
#if defined(__linux__) && defined(__GLIBC__) && defined(__x86_64__)
__asm__(".symver pthread_create,pthread_create@GLIBC_2.2.5");
__asm__(".symver pthread_join,pthread_join@GLIBC_2.2.5");
#endif

enum { SPIN_NANOSECONDS = 20000 };

typedef struct {
  Pool *pool;
  int thread;
  pthread_t id;
} Worker;

struct Pool {
  int threads;
  pthread_mutex_t mutex;
  pthread_cond_t started, finished;
  PoolJob job;
  void *data;
  int round;   /* counts jobs; the workers wait for it to change */
  int pending; /* workers still busy with this round */
  int stop;
  Worker worker[];
};

static long now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1000000000L + t.tv_nsec;
}

static void relax(void) {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ volatile("yield");
#endif
}

/* Spins for a moment, so that the steps of a simulation need no system call, then sleeps. */
static int await_round(Pool *p, int seen) {
  const long deadline = now() + SPIN_NANOSECONDS;
  do {
    for (int k = 0; k < 64; k++) {
      const int round = __atomic_load_n(&p->round, __ATOMIC_ACQUIRE);
      if (round != seen) return round;
      relax();
    }
  } while (now() < deadline);
  pthread_mutex_lock(&p->mutex);
  while (p->round == seen) pthread_cond_wait(&p->started, &p->mutex);
  const int round = p->round;
  pthread_mutex_unlock(&p->mutex);
  return round;
}

static void *work(void *argument) {
  Worker *w = argument;
  Pool *p = w->pool;
  for (int seen = 0;;) {
    seen = await_round(p, seen);
    if (__atomic_load_n(&p->stop, __ATOMIC_ACQUIRE)) return NULL;
    p->job(p->data, w->thread);
    if (__atomic_sub_fetch(&p->pending, 1, __ATOMIC_ACQ_REL) == 0) {
      pthread_mutex_lock(&p->mutex);
      pthread_cond_signal(&p->finished);
      pthread_mutex_unlock(&p->mutex);
    }
  }
}

static void start_round(Pool *p) {
  pthread_mutex_lock(&p->mutex);
  __atomic_store_n(&p->pending, p->threads - 1, __ATOMIC_RELEASE);
  __atomic_store_n(&p->round, p->round + 1, __ATOMIC_RELEASE);
  pthread_cond_broadcast(&p->started);
  pthread_mutex_unlock(&p->mutex);
}

Pool *pool_create(int threads) {
  Pool *p = calloc(1, sizeof(Pool) + (size_t)threads * sizeof(Worker));
  if (!p) return NULL;
  pthread_mutex_init(&p->mutex, NULL);
  pthread_cond_init(&p->started, NULL);
  pthread_cond_init(&p->finished, NULL);
  p->threads = 1;
  for (int t = 1; t < threads; t++) {
    Worker *w = &p->worker[t];
    w->pool = p;
    w->thread = t;
    if (pthread_create(&w->id, NULL, work, w)) break;
    p->threads++;
  }
  return p;
}

int pool_threads(const Pool *p) { return p->threads; }

void pool_run(Pool *p, PoolJob job, void *data) {
  if (p->threads == 1) {
    job(data, 0);
    return;
  }
  p->job = job;
  p->data = data;
  start_round(p);
  job(data, 0);
  const long deadline = now() + SPIN_NANOSECONDS;
  while (__atomic_load_n(&p->pending, __ATOMIC_ACQUIRE)) {
    relax();
    if (now() < deadline) continue;
    pthread_mutex_lock(&p->mutex);
    while (__atomic_load_n(&p->pending, __ATOMIC_ACQUIRE)) pthread_cond_wait(&p->finished, &p->mutex);
    pthread_mutex_unlock(&p->mutex);
  }
}

void pool_destroy(Pool *p) {
  if (!p) return;
  __atomic_store_n(&p->stop, 1, __ATOMIC_RELEASE);
  start_round(p);
  for (int t = 1; t < p->threads; t++) pthread_join(p->worker[t].id, NULL);
  pthread_cond_destroy(&p->started);
  pthread_cond_destroy(&p->finished);
  pthread_mutex_destroy(&p->mutex);
  free(p);
}
