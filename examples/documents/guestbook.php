<?php

declare(strict_types=1);

namespace Shop\Guestbook;

use DateTimeImmutable;
use InvalidArgumentException;

/** What somebody wrote. */
final class Entry
{
    public function __construct(
        public readonly string $name,
        public readonly string $text,
        public readonly DateTimeImmutable $at,
    ) {
        if (trim($text) === '') {
            throw new InvalidArgumentException('Please write something.');
        }
    }
}

interface Storage
{
    /** @return Entry[] */
    public function load(): array;

    public function save(Entry $entry): void;
}

class FileStorage implements Storage
{
    private const SEPARATOR = "\t";

    public function __construct(private string $path)
    {
    }

    public function load(): array
    {
        $entries = [];
        foreach (file($this->path, FILE_IGNORE_NEW_LINES) ?: [] as $line) {
            [$at, $name, $text] = explode(self::SEPARATOR, $line, 3);
            $entries[] = new Entry($name, $text, new DateTimeImmutable($at));
        }

        return array_reverse($entries);
    }

    public function save(Entry $entry): void
    {
        $line = implode(self::SEPARATOR, [$entry->at->format(DATE_ATOM), $entry->name, $entry->text]);
        file_put_contents($this->path, $line . PHP_EOL, FILE_APPEND | LOCK_EX);
    }
}

function greet(int $hour): string
{
    if ($hour < 11) {
        return 'Good morning';
    } elseif ($hour < 18) {
        return 'Good afternoon';
    } else {
        return 'Good evening';
    }
}

$storage = new FileStorage(__DIR__ . '/guestbook.txt');
$error = null;

if ($_SERVER['REQUEST_METHOD'] === 'POST') {
    try {
        $storage->save(new Entry($_POST['name'] ?? 'nobody', $_POST['text'] ?? '', new DateTimeImmutable()));
    } catch (InvalidArgumentException $exception) {
        $error = $exception->getMessage();
    }
}

$names = array_map(fn (Entry $entry): string => htmlspecialchars($entry->name), $storage->load());
echo greet((int) date('G')), ', ', implode(' & ', $names), "! {$error}\n";
