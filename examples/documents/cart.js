// A shopping cart that lives in the browser's local storage.

const STORAGE_KEY = "cart";

export class Cart {
  constructor(storage = window.localStorage) {
    this.storage = storage;
    this.items = this.load();
  }

  load() {
    const text = this.storage.getItem(STORAGE_KEY);
    if (text === null) {
      return [];
    }
    return JSON.parse(text);
  }

  save() {
    this.storage.setItem(STORAGE_KEY, JSON.stringify(this.items));
  }

  add(name, price, quantity = 1) {
    const item = this.items.find((item) => item.name === name);
    if (item) {
      item.quantity += quantity;
    } else {
      this.items.push({ name, price, quantity });
    }
    this.save();
  }

  remove(name) {
    this.items = this.items.filter((item) => item.name !== name);
    this.save();
  }

  total() {
    let total = 0;
    for (const item of this.items) {
      total += item.price * item.quantity;
    }
    return total;
  }

  isEmpty() {
    return this.items.length === 0;
  }
}

export function formatPrice(price, currency = "€") {
  return `${price.toFixed(2)} ${currency}`;
}
