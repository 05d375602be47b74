package outbox_test

import (
	"context"
	"encoding/json"

	"github.com/hibiken/asynq"

	measure "github.com/notifykit/notify/bench/outbox"
	"github.com/notifykit/notify/sms"
)

// asynqQueue is asynq on Redis.
type asynqQueue struct {
	redis  asynq.RedisClientOpt
	client *asynq.Client
	server *asynq.Server
	work   int
}

func newAsynq(addr string, workers int) (measure.Queue, error) {
	r := asynq.RedisClientOpt{Addr: addr}
	return &asynqQueue{redis: r, client: asynq.NewClient(r), work: workers}, nil
}

func (q *asynqQueue) Put(ctx context.Context, batch []sms.Message) error {
	for _, m := range batch { // it has no call for more than one
		payload, err := json.Marshal(m)
		if err != nil {
			return err
		}
		if _, err := q.client.EnqueueContext(ctx, asynq.NewTask("message", payload)); err != nil {
			return err
		}
	}
	return nil
}

func (q *asynqQueue) Start(_ context.Context, do func(sms.Message)) error {
	q.server = asynq.NewServer(q.redis, asynq.Config{Concurrency: q.work, LogLevel: asynq.FatalLevel})
	return q.server.Start(asynq.HandlerFunc(func(_ context.Context, t *asynq.Task) error {
		var m sms.Message
		if err := json.Unmarshal(t.Payload(), &m); err != nil {
			return err
		}
		do(m)
		return nil
	}))
}

func (q *asynqQueue) Close() error {
	if q.server != nil {
		q.server.Shutdown()
	}
	inspector := asynq.NewInspector(q.redis)
	defer inspector.Close()
	_, _ = inspector.DeleteAllPendingTasks("default")
	return q.client.Close()
}
