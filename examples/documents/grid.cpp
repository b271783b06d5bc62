// A grid of cells that live and die: Conway's game, on a torus.

#include <algorithm>
#include <iostream>
#include <stdexcept>
#include <string>
#include <vector>

namespace life {

enum class Cell : char { dead = '.', alive = '#' };

template <typename T>
class Grid {
public:
    Grid(int width, int height, T value)
        : width_(width), height_(height), cells_(static_cast<size_t>(width * height), value)
    {
        if (width <= 0 || height <= 0) {
            throw std::invalid_argument("a grid needs cells");
        }
    }

    T &at(int x, int y)
    {
        return cells_[static_cast<size_t>(wrap(y, height_) * width_ + wrap(x, width_))];
    }

    int width() const { return width_; }
    int height() const { return height_; }

private:
    static int wrap(int i, int n) { return (i % n + n) % n; }

    int width_;
    int height_;
    std::vector<T> cells_;
};

int count_neighbours(Grid<Cell> &grid, int x, int y)
{
    int n = 0;
    for (int dy = -1; dy <= 1; ++dy) {
        for (int dx = -1; dx <= 1; ++dx) {
            if ((dx != 0 || dy != 0) && grid.at(x + dx, y + dy) == Cell::alive) {
                ++n;
            }
        }
    }
    return n;
}

Grid<Cell> step(Grid<Cell> &grid)
{
    Grid<Cell> next(grid.width(), grid.height(), Cell::dead);
    for (int y = 0; y < grid.height(); ++y) {
        for (int x = 0; x < grid.width(); ++x) {
            const int n = count_neighbours(grid, x, y);
            const bool lives = n == 3 || (n == 2 && grid.at(x, y) == Cell::alive);
            next.at(x, y) = lives ? Cell::alive : Cell::dead;
        }
    }
    return next;
}

}  // namespace life

int main()
{
    using life::Cell;
    life::Grid<Cell> grid(12, 6, Cell::dead);
    const std::vector<std::pair<int, int>> glider = {{1, 0}, {2, 1}, {0, 2}, {1, 2}, {2, 2}};
    std::for_each(glider.begin(), glider.end(), [&](auto &place) {
        grid.at(place.first, place.second) = Cell::alive;
    });
    for (int i = 0; i < 4; ++i) {
        grid = life::step(grid);
    }
    std::cout << R"(after four steps:)" << '\n';
    return 0;
}
