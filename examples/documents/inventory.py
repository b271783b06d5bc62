"""Keeps track of what is on the shelves of a small shop."""

import argparse
import json
from dataclasses import asdict, dataclass, field
from pathlib import Path


@dataclass
class Item:
    """One kind of thing that can be bought."""

    name: str
    price: float
    quantity: int = 0
    tags: list[str] = field(default_factory=list)

    def total_value(self) -> float:
        return self.price * self.quantity

    def is_available(self) -> bool:
        return self.quantity > 0


class OutOfStock(Exception):
    """There are fewer pieces than were asked for."""


class Inventory:
    """All items, by name."""

    def __init__(self, items=None):
        self.items = {}
        for item in items or []:
            self.add_item(item)

    def __len__(self):
        return len(self.items)

    def __contains__(self, name):
        return name in self.items

    def __iter__(self):
        return iter(self.items.values())

    def add_item(self, item):
        if item.name in self.items:
            raise ValueError(f"Item {item.name} already exists")
        self.items[item.name] = item

    def remove_item(self, name, quantity=1):
        item = self.items[name]
        if item.quantity < quantity:
            raise OutOfStock(f"Only {item.quantity} of {name} are left")
        item.quantity -= quantity
        return item

    def total_value(self):
        return sum(item.total_value() for item in self.items.values())

    def find_by_tag(self, tag):
        result = []
        for item in self.items.values():
            if tag in item.tags:
                result.append(item)
        return result

    @classmethod
    def load(cls, path):
        with open(path, encoding="utf-8") as f:
            data = json.load(f)
        return cls([Item(**entry) for entry in data])

    def save(self, path):
        data = [asdict(item) for item in self.items.values()]
        with open(path, "w", encoding="utf-8") as f:
            json.dump(data, f, indent=4)


def parse_args():
    parser = argparse.ArgumentParser(description="Manage the inventory")
    parser.add_argument("path", type=Path, help="path to the inventory file")
    parser.add_argument("--tag", help="only show items with this tag")
    parser.add_argument("--verbose", action="store_true", help="print more information")
    return parser.parse_args()


def main():
    args = parse_args()
    inventory = Inventory.load(args.path)
    items = inventory.find_by_tag(args.tag) if args.tag else list(inventory)
    for item in items:
        print(f"{item.name}: {item.quantity}")
    if args.verbose:
        print(f"Total value: {inventory.total_value()}")


if __name__ == "__main__":
    main()
