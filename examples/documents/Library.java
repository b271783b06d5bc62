package shop.books;

import java.time.LocalDate;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/** Lends books, and knows when they should be back. */
public final class Library {

    public enum Genre {
        NOVEL,
        POETRY,
        COOKING,
    }

    public record Book(String isbn, String title, Genre genre) {
    }

    private static final int DAYS = 28;

    private final Map<String, Book> books = new TreeMap<>();
    private final Map<String, LocalDate> lent = new TreeMap<>();

    public void add(Book book) {
        if (books.putIfAbsent(book.isbn(), book) != null) {
            throw new IllegalArgumentException("already there: " + book.title());
        }
    }

    public LocalDate lend(String isbn, LocalDate today) {
        Book book = find(isbn).orElseThrow();
        if (lent.containsKey(isbn)) {
            throw new IllegalStateException(book.title() + " is out");
        } else {
            lent.put(isbn, today.plusDays(DAYS));
        }
        return lent.get(isbn);
    }

    public Optional<Book> find(String isbn) {
        return Optional.ofNullable(books.get(isbn));
    }

    public List<Book> overdue(LocalDate today) {
        List<Book> found = new ArrayList<>();
        for (Map.Entry<String, LocalDate> entry : lent.entrySet()) {
            if (entry.getValue().isBefore(today)) {
                found.add(books.get(entry.getKey()));
            }
        }
        return found;
    }

    private static int fine(Genre genre, long days) {
        switch (genre) {
            case COOKING:
                return (int) days * 20;
            case NOVEL:
            case POETRY:
                return (int) days * 10;
            default:
                throw new AssertionError(genre);
        }
    }

    public static void main(String[] arguments) {
        Library library = new Library();
        library.add(new Book("978-3", "Soups & stews", Genre.COOKING));
        try {
            System.out.println(library.lend("978-3", LocalDate.of(2026, 2, 3)));
        } catch (IllegalStateException error) {
            System.err.println(error.getMessage());
        } finally {
            library.overdue(LocalDate.now()).forEach(book -> {
                System.out.println(book.title() + ": " + fine(book.genre(), 3));
            });
        }
    }
}
