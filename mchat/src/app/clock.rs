//! Times as people read them.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use proto::UnixMillis;
use proto::catalog::{Lang, Text, fill};

const WEEKDAYS: [Text; 7] = [
    Text::Monday,
    Text::Tuesday,
    Text::Wednesday,
    Text::Thursday,
    Text::Friday,
    Text::Saturday,
    Text::Sunday,
];
const MONTHS: [Text; 12] = [
    Text::January,
    Text::February,
    Text::March,
    Text::April,
    Text::May,
    Text::June,
    Text::July,
    Text::August,
    Text::September,
    Text::October,
    Text::November,
    Text::December,
];

/// The calendar day of a moment.
pub fn day(at: UnixMillis, zone: &TimeZone) -> Date {
    Timestamp::from_millisecond(at)
        .unwrap_or(Timestamp::UNIX_EPOCH)
        .to_zoned(zone.clone())
        .date()
}

/// Weekday, day, month and year.
pub fn day_text(day: Date, lang: Lang) -> String {
    let weekday = day.weekday().to_monday_zero_offset() as usize;
    let month = usize::from(day.month().unsigned_abs()) - 1;
    fill(
        Text::Day.get(lang),
        &[
            ("weekday", WEEKDAYS[weekday].get(lang)),
            ("day", &day.day().to_string()),
            ("month", MONTHS[month].get(lang)),
            ("year", &day.year().to_string()),
        ],
    )
}

/// Hours and minutes.
pub fn time_text(at: UnixMillis, zone: &TimeZone) -> String {
    let time = Timestamp::from_millisecond(at)
        .unwrap_or(Timestamp::UNIX_EPOCH)
        .to_zoned(zone.clone())
        .time();
    format!("{:02}:{:02}", time.hour(), time.minute())
}

/// The time on the same day, day and month in the same year, else the date.
pub fn short_text(at: UnixMillis, now: UnixMillis, zone: &TimeZone) -> String {
    let (then, today) = (day(at, zone), day(now, zone));
    if then == today {
        time_text(at, zone)
    } else if then.year() == today.year() {
        format!("{:02}.{:02}", then.day(), then.month())
    } else {
        format!("{:02}.{:02}.{}", then.day(), then.month(), then.year())
    }
}
