"""A small SVG of what a load needed and what rules gave it."""

WIDTH, HEIGHT = 900, 300
LEFT, RIGHT, TOP, BOTTOM = 44, 12, 46, 30
COLOURS = ("#0b63ce", "#c2410c", "#15803d")
LEVEL = 500  # thousandths of an instance: a load at a target of 50 %


def step_path(points, x, y):
    """Only where the value changes."""
    path = f"M{x(points[0][0])} {y(points[0][1])}"
    last = points[0][1]
    for second, value in points[1:]:
        if value != last:
            path += f"H{x(second)}V{y(value)}"
            last = value
    return path + f"H{x(points[-1][0])}"


def line_path(points, x, y):
    return "M" + "L".join(f"{x(second)} {y(value)}" for second, value in points)


def draw(title, curves):
    """curves: [(name, [(second, demand, alive, serving, desired)])], all of one load."""
    need = [(row[0], row[1] / LEVEL) for row in curves[0][1]]
    end = need[-1][0]
    most = max([value for _, value in need] +
               [row[3] for _, rows in curves for row in rows]) * 1.05

    def x(second):
        return round(LEFT + (WIDTH - LEFT - RIGHT) * second / end, 1)

    def y(value):
        return round(HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * value / most, 1)

    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" '
             f'font-family="sans-serif" font-size="12">',
             f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#fff"/>',
             f'<text x="{LEFT}" y="18" font-size="14">{title}</text>']
    names = [("needed at 50 %", "#9ca3af")] + list(zip((n for n, _ in curves), COLOURS))
    at = LEFT
    for name, colour in names:
        parts.append(f'<rect x="{at}" y="27" width="10" height="10" fill="{colour}"/>'
                     f'<text x="{at + 14}" y="36">{name}</text>')
        at += 30 + 7 * len(name)
    step = next(s for s in (1, 2, 5, 10, 20, 50, 100, 200, 500) if most / s <= 6)
    for value in range(0, int(most) + 1, step):
        parts.append(f'<path d="M{LEFT} {y(value)}H{WIDTH - RIGHT}" stroke="#e5e7eb"/>'
                     f'<text x="{LEFT - 6}" y="{y(value) + 4}" text-anchor="end">{value}</text>')
    for minute in range(0, end // 60 + 1, 30):
        parts.append(f'<text x="{x(minute * 60)}" y="{HEIGHT - 10}" '
                     f'text-anchor="middle">{minute} min</text>')
    area = line_path(need[::2], x, y)
    parts.append(f'<path d="{area}V{y(0)}H{x(0)}Z" fill="#e5e7eb" stroke="#9ca3af" '
                 f'stroke-width="0.5"/>')
    for (_, rows), colour in zip(curves, COLOURS):
        path = step_path([(row[0], row[3]) for row in rows], x, y)
        parts.append(f'<path d="{path}" fill="none" stroke="{colour}" stroke-width="1.6"/>')
    return "\n".join(parts + ["</svg>"]) + "\n"
