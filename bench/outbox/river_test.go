package outbox_test

import (
	"context"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/rivermigrate"

	"time"

	measure "github.com/notifykit/notify/bench/outbox"
	"github.com/notifykit/notify/sms"
)

// riverQueue is River on PostgreSQL, as its fastest settings for this: it looks
// every 10 ms, and 50 ms where nothing tells it.
type riverQueue struct {
	pool    *pgxpool.Pool
	workers int
	client  *river.Client[pgx.Tx]
	do      func(sms.Message)
}

type riverArgs struct{ Message sms.Message }

func (riverArgs) Kind() string { return "message" }

type riverWorker struct {
	river.WorkerDefaults[riverArgs]
	queue *riverQueue
}

func (w *riverWorker) Work(_ context.Context, job *river.Job[riverArgs]) error {
	w.queue.do(job.Args.Message)
	return nil
}

func newRiver(ctx context.Context, dsn string, workers int) (measure.Queue, error) {
	pool, err := pgxpool.New(ctx, dsn)
	if err != nil {
		return nil, err
	}
	q := &riverQueue{pool: pool, workers: workers}
	migrator, err := rivermigrate.New(riverpgxv5.New(pool), nil)
	if err != nil {
		return nil, err
	}
	if _, err := migrator.Migrate(ctx, rivermigrate.DirectionUp, nil); err != nil {
		return nil, err
	}
	all := river.NewWorkers()
	river.AddWorker(all, &riverWorker{queue: q})
	q.client, err = river.NewClient(riverpgxv5.New(pool), &river.Config{Workers: all, Queues: map[string]river.QueueConfig{river.QueueDefault: {MaxWorkers: workers}},
		FetchCooldown: 10 * time.Millisecond, FetchPollInterval: 50 * time.Millisecond})
	return q, err
}

func (q *riverQueue) Put(ctx context.Context, batch []sms.Message) error {
	if len(batch) == 1 {
		_, err := q.client.Insert(ctx, riverArgs{batch[0]}, nil)
		return err
	}
	params := make([]river.InsertManyParams, len(batch))
	for i, m := range batch {
		params[i].Args = riverArgs{m}
	}
	_, err := q.client.InsertManyFast(ctx, params)
	return err
}

func (q *riverQueue) Start(ctx context.Context, do func(sms.Message)) error {
	q.do = do
	return q.client.Start(ctx)
}

func (q *riverQueue) Close() error {
	if q.do != nil {
		if err := q.client.Stop(context.Background()); err != nil {
			return err
		}
	}
	if _, err := q.pool.Exec(context.Background(), "TRUNCATE river_job"); err != nil {
		return err
	}
	q.pool.Close()
	return nil
}
