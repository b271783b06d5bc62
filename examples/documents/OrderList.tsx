// A list of orders that can be filtered and marked as sent.

import { useEffect, useMemo, useState } from "react";

import { describe, type Order, type Status } from "./orders";

interface Props {
  orders: Order[];
  onSend: (id: number) => void;
  title?: string;
}

const STATUSES: Status[] = ["open", "paid", "sent", "cancelled"];

function Empty({ status }: { status: Status | null }) {
  return (
    <p className="empty">
      Nothing here{status && <em> that is {status}</em>}.
    </p>
  );
}

export function OrderList({ orders, onSend, title = "Orders" }: Props) {
  const [status, setStatus] = useState<Status | null>(null);
  const [selected, setSelected] = useState<number[]>([]);

  const shown = useMemo(
    () => orders.filter((order) => status === null || order.status === status),
    [orders, status],
  );

  useEffect(() => {
    document.title = `${title} (${shown.length})`;
    return () => {
      document.title = "Shop";
    };
  }, [shown, title]);

  if (shown.length === 0) {
    return <Empty status={status} />;
  }

  function toggle(id: number) {
    setSelected((ids) => (ids.includes(id) ? ids.filter((other) => other !== id) : [...ids, id]));
  }

  return (
    <section aria-label={title}>
      <h2>{title}</h2>
      <select value={status ?? ""} onChange={(event) => setStatus((event.target.value as Status) || null)}>
        <option value="">all</option>
        {STATUSES.map((name) => (
          <option key={name} value={name}>
            {name}
          </option>
        ))}
      </select>
      <ul>
        {shown.map((order) => (
          <li key={order.id} className={selected.includes(order.id) ? "selected" : undefined}>
            <label>
              <input type="checkbox" onChange={() => toggle(order.id)} />
              {describe(order)}
            </label>
          </li>
        ))}
      </ul>
      <button type="button" disabled={selected.length === 0} onClick={() => selected.forEach(onSend)}>
        Send {selected.length}
      </button>
    </section>
  );
}
