"""Buying apples and oranges: the book's two computational graphs with their numbers.

    python -m gradcheck_reference.fish.graphs

Source: fish book chapter 5.4 and figures 5-3, 5-17.
"""

from __future__ import annotations

from gradcheck_reference.fish.layers import AddLayer, MulLayer


def buy_apple(
    apple: float = 100, apple_num: float = 2, tax: float = 1.1
) -> tuple[float, dict[str, float]]:
    """The price of the apples with tax, and what it changes by for a unit of each input.

    Examples
    --------
    >>> price, d = buy_apple()
    >>> round(price, 9), {name: round(value, 9) for name, value in d.items()}
    (220.0, {'apple': 2.2, 'apple_num': 110.0, 'tax': 200})
    """
    mul_apple, mul_tax = MulLayer(), MulLayer()
    price = mul_tax.forward(mul_apple.forward(apple, apple_num), tax)
    dapple_price, dtax = mul_tax.backward(1)
    dapple, dapple_num = mul_apple.backward(dapple_price)
    return price, {"apple": dapple, "apple_num": dapple_num, "tax": dtax}


def buy_apple_orange(
    apple: float = 100,
    apple_num: float = 2,
    orange: float = 150,
    orange_num: float = 3,
    tax: float = 1.1,
) -> tuple[float, dict[str, float]]:
    """The price of apples and oranges with tax, and its derivatives.

    Examples
    --------
    >>> price, d = buy_apple_orange()
    >>> round(price, 9), round(d["orange"], 9), round(d["orange_num"], 9), d["tax"]
    (715.0, 3.3, 165.0, 650)
    """
    mul_apple, mul_orange, mul_tax, add = MulLayer(), MulLayer(), MulLayer(), AddLayer()
    fruit = add.forward(mul_apple.forward(apple, apple_num), mul_orange.forward(orange, orange_num))
    price = mul_tax.forward(fruit, tax)
    dfruit, dtax = mul_tax.backward(1)
    dapple_price, dorange_price = add.backward(dfruit)
    dapple, dapple_num = mul_apple.backward(dapple_price)
    dorange, dorange_num = mul_orange.backward(dorange_price)
    return price, {
        "apple": dapple,
        "apple_num": dapple_num,
        "orange": dorange,
        "orange_num": dorange_num,
        "tax": dtax,
    }


def main() -> None:
    """Print both graphs."""
    for title, (price, gradients) in (
        ("apples", buy_apple()),
        ("apples and oranges", buy_apple_orange()),
    ):
        print(f"{title}: price {price:g}")
        for name, value in gradients.items():
            print(f"  d price / d {name:<10} = {value:g}")


if __name__ == "__main__":
    main()
