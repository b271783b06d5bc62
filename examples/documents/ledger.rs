//! A ledger in memory: accounts, and money that moves between them.

use std::collections::HashMap;
use std::fmt;

/// Money in cents, so that nothing is lost by rounding.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Cents(pub i64);

#[derive(Debug, PartialEq)]
pub enum Error {
    NoSuchAccount(String),
    NotEnough { wanted: Cents, there: Cents },
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::NoSuchAccount(name) => write!(f, "there is no account {name:?}"),
            Error::NotEnough { wanted, there } => {
                write!(f, "{} wanted, {} there", wanted.0, there.0)
            }
        }
    }
}

#[derive(Default)]
pub struct Ledger {
    balances: HashMap<String, Cents>,
    history: Vec<(String, String, Cents)>,
}

impl Ledger {
    pub fn open(&mut self, name: &str, balance: Cents) {
        self.balances.insert(name.to_owned(), balance);
    }

    pub fn balance(&self, name: &str) -> Result<Cents, Error> {
        self.balances
            .get(name)
            .copied()
            .ok_or_else(|| Error::NoSuchAccount(name.to_owned()))
    }

    pub fn transfer(&mut self, from: &str, to: &str, amount: Cents) -> Result<(), Error> {
        let there = self.balance(from)?;
        let target = self.balance(to)?;
        if there < amount {
            return Err(Error::NotEnough { wanted: amount, there });
        }
        self.balances.insert(from.to_owned(), Cents(there.0 - amount.0));
        self.balances.insert(to.to_owned(), Cents(target.0 + amount.0));
        self.history.push((from.to_owned(), to.to_owned(), amount));
        Ok(())
    }

    pub fn total(&self) -> Cents {
        let mut sum = 0;
        for balance in self.balances.values() {
            sum += balance.0;
        }
        Cents(sum)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn money_moves_and_none_is_lost() {
        let mut ledger = Ledger::default();
        ledger.open("till", Cents(5_000));
        ledger.open("bank", Cents(0));

        ledger.transfer("till", "bank", Cents(1_250)).unwrap();

        assert_eq!(ledger.balance("bank"), Ok(Cents(1_250)));
        assert_eq!(ledger.total(), Cents(5_000));
    }
}
