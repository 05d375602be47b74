package sqlitebox

import (
	"context"
	"database/sql"
	"errors"
	"sync"

	"github.com/notifykit/notify/outbox/outboxtable"
)

// mostPrepared bounds the statements that are kept; the texts differ by how many
// rows they are for.
const mostPrepared = 600

// A pool is a database whose statements are prepared once: SQLite takes longer to
// read most of ours than to run them.
type pool struct {
	*sql.DB
	mu         sync.Mutex
	statements map[string]*sql.Stmt
}

func newPool(db *sql.DB) *pool { return &pool{DB: db, statements: map[string]*sql.Stmt{}} }

// prepared gives the statement of a text; nil where there are too many.
func (p *pool) prepared(ctx context.Context, query string) (*sql.Stmt, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if s := p.statements[query]; s != nil || len(p.statements) >= mostPrepared {
		return s, nil
	}
	s, err := p.PrepareContext(ctx, query)
	if err == nil {
		p.statements[query] = s
	}
	return s, err
}

// QueryContext shadows the database's.
func (p *pool) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	s, err := p.prepared(ctx, query)
	if s == nil || err != nil {
		return p.DB.QueryContext(ctx, query, args...)
	}
	return s.QueryContext(ctx, args...)
}

// Close closes the statements too.
func (p *pool) Close() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	var faults []error
	for _, s := range p.statements {
		faults = append(faults, s.Close())
	}
	clear(p.statements)
	return errors.Join(append(faults, p.DB.Close())...)
}

// A prepared is a transaction of a pool with one connection. Statements are
// prepared between transactions, for which that connection is free.
type prepared struct {
	*sql.Tx
	statements map[string]*sql.Stmt
	missed     map[string]bool // to be prepared when the transaction is over
}

func (p *prepared) statement(ctx context.Context, query string) *sql.Stmt {
	if s := p.statements[query]; s != nil {
		return p.StmtContext(ctx, s)
	}
	p.missed[query] = true
	return nil
}

// ExecContext shadows the transaction's.
func (p *prepared) ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error) {
	if s := p.statement(ctx, query); s != nil {
		return s.ExecContext(ctx, args...)
	}
	return p.Tx.ExecContext(ctx, query, args...)
}

// QueryContext shadows the transaction's.
func (p *prepared) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	if s := p.statement(ctx, query); s != nil {
		return s.QueryContext(ctx, args...)
	}
	return p.Tx.QueryContext(ctx, query, args...)
}

var (
	_ outboxtable.Conn = (*pool)(nil)
	_ outboxtable.Conn = (*prepared)(nil)
)
