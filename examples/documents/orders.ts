// Orders of a small shop: what was ordered, what it costs, when it was sent.

import { formatPrice } from "./cart.js";

export type Status = "open" | "paid" | "sent" | "cancelled";

export interface Line {
  readonly name: string;
  price: number;
  quantity: number;
  note?: string;
}

export interface Order {
  id: number;
  customer: string;
  status: Status;
  lines: Line[];
}

export enum Shipping {
  Standard = "standard",
  Express = "express",
}

const SHIPPING_COST: Record<Shipping, number> = {
  [Shipping.Standard]: 4.9,
  [Shipping.Express]: 12.5,
};

export class OrderBook<T extends Order = Order> {
  private readonly orders = new Map<number, T>();

  constructor(orders: Iterable<T> = []) {
    for (const order of orders) {
      this.orders.set(order.id, order);
    }
  }

  find(id: number): T {
    const order = this.orders.get(id);
    if (order === undefined) {
      throw new RangeError(`There is no order ${id}`);
    }
    return order;
  }

  async pay(id: number, charge: (amount: number) => Promise<boolean>): Promise<Status> {
    const order = this.find(id);
    try {
      const isPaid = await charge(total(order));
      order.status = isPaid ? "paid" : "open";
    } catch (error) {
      console.warn("Payment failed", error);
      order.status = "open";
    } finally {
      this.orders.set(id, order);
    }
    return order.status;
  }

  byStatus(status: Status): T[] {
    return [...this.orders.values()]
      .filter((order) => order.status === status)
      .sort((a, b) => a.id - b.id);
  }
}

export function total(order: Order, shipping = Shipping.Standard): number {
  const goods = order.lines.reduce((sum, line) => sum + line.price * line.quantity, 0);
  return goods > 50 ? goods : goods + SHIPPING_COST[shipping];
}

export function describe(order: Order): string {
  switch (order.status) {
    case "open":
    case "paid":
      return `${order.customer}: ${formatPrice(total(order))}`;
    case "sent":
      return `${order.customer}: on its way 📦`;
    default:
      return `${order.customer}: cancelled`;
  }
}
