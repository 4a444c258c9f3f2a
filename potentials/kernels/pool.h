/* A pool of threads that all run one job at a time: job(data, thread) for thread = 0 ... threads-1; the caller is
 * thread 0. */
#ifndef NNP_POOL_H
#define NNP_POOL_H

typedef struct Pool Pool;
typedef void (*PoolJob)(void *data, int thread);

/* May start fewer threads than asked for; NULL without memory. */
Pool *pool_create(int threads);
int pool_threads(const Pool *pool);
/* Returns when every thread has finished the job. */
void pool_run(Pool *pool, PoolJob job, void *data);
void pool_destroy(Pool *pool);

#endif
