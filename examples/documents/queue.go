// Package queue hands parcels to couriers, the most urgent first.
package queue

import (
	"container/heap"
	"errors"
	"fmt"
	"sync"
	"time"
)

// ErrEmpty is returned when there is nothing left to carry.
var ErrEmpty = errors.New("queue: no parcels")

// Parcel is something that has to be somewhere at some time.
type Parcel struct {
	ID      int
	Address string
	Due     time.Time
}

type byDue []*Parcel

func (p byDue) Len() int           { return len(p) }
func (p byDue) Less(i, j int) bool { return p[i].Due.Before(p[j].Due) }
func (p byDue) Swap(i, j int)      { p[i], p[j] = p[j], p[i] }

func (p *byDue) Push(x any) {
	*p = append(*p, x.(*Parcel))
}

func (p *byDue) Pop() any {
	old := *p
	last := old[len(old)-1]
	*p = old[:len(old)-1]
	return last
}

// Queue may be used by several goroutines.
type Queue struct {
	mu      sync.Mutex
	parcels byDue
}

// Add puts parcels into the queue.
func (q *Queue) Add(parcels ...*Parcel) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, parcel := range parcels {
		if parcel.Address == "" {
			return fmt.Errorf("queue: parcel %d has no address", parcel.ID)
		}
		heap.Push(&q.parcels, parcel)
	}
	return nil
}

// Next takes the most urgent parcel.
func (q *Queue) Next() (*Parcel, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.parcels) == 0 {
		return nil, ErrEmpty
	}
	return heap.Pop(&q.parcels).(*Parcel), nil
}

// Deliver carries everything, and tells what could not be delivered.
func (q *Queue) Deliver(carry func(*Parcel) error) (failed []int) {
	for {
		parcel, err := q.Next()
		if errors.Is(err, ErrEmpty) {
			return failed
		}
		switch err := carry(parcel); {
		case err == nil:
			continue
		default:
			failed = append(failed, parcel.ID)
		}
	}
}
