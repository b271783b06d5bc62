"""The menu of a café, in three languages. 咖啡馆的菜单 ☕"""

import unicodedata
from datetime import date

CURRENCY = "€"

DRINKS = {
    "café": {"de": "Kaffee", "zh": "咖啡", "price": 2.80},
    "café crème": {"de": "Milchkaffee", "zh": "牛奶咖啡", "price": 3.40},
    "thé": {"de": "Tee", "zh": "茶", "price": 2.50},
    "thé à la menthe": {"de": "Pfefferminztee", "zh": "薄荷茶", "price": 2.90},
}

DISHES = {
    "crème brûlée": {"de": "Gebrannte Creme", "zh": "焦糖布丁", "price": 6.20},
    "crêpe": {"de": "Pfannkuchen", "zh": "可丽饼", "price": 4.50},
    "soupe à l'oignon": {"de": "Zwiebelsuppe", "zh": "洋葱汤", "price": 7.00},
}


def normalize(name):
    """Return the name in lower case and composed form, so that "Café" and "café" are the same."""
    return unicodedata.normalize("NFC", name).lower()


def find_price(name):
    """Return the price of a drink or a dish, or None if it is not on the menu."""
    name = normalize(name)
    for menu in (DRINKS, DISHES):
        if name in menu:
            return menu[name]["price"]
    return None


def format_price(price):
    return f"{price:.2f} {CURRENCY}"


def format_line(name, language="de", width=36):
    entry = DRINKS.get(name) or DISHES.get(name)
    if entry is None:
        raise KeyError(f"{name!r} is not on the menu")
    title = f"{name} ({entry[language]})"
    return title.ljust(width) + format_price(entry["price"])


def print_menu(language="de"):
    print(f"☕ Café Zoë, {date.today():%d.%m.%Y}")
    print("🍵 Drinks")
    for name in DRINKS:
        print(format_line(name, language))
    print("🍰 Dishes")
    for name in DISHES:
        print(format_line(name, language))


if __name__ == "__main__":
    for language in ("de", "zh"):
        print_menu(language)
