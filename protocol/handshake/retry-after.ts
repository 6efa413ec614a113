import { consistsOf, DIGIT } from './grammar.ts';
import type { HeaderFields } from './types.ts';

/** IMF-fixdate, RFC 9110 §5.6.7: the one form of a date that is still sent. */
const DATE = /^[A-Z][a-z]{2}, (\d{2}) ([A-Z][a-z]{2}) (\d{4}) (\d{2}):(\d{2}):(\d{2}) GMT$/;
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/**
 * How many milliseconds a response asks to wait, RFC 9110 §10.2.3. A date counts from the response's own Date, so that
 * it takes no clock, and none that agrees with the server's. Undefined where nothing is asked, or nothing that is valid,
 * and where there is no response.
 */
export function retryAfter(headers: HeaderFields | undefined): number | undefined {
  const value: unknown = headers?.['retry-after'];
  if (typeof value !== 'string' || value === '') return undefined;
  if (consistsOf(value, DIGIT)) return Number(value) * 1000;
  const wait = secondsOf(value) - secondsOf(String(headers!.date));
  return wait >= 0 ? wait * 1000 : undefined;
}

/** Seconds between 1 March of the year 0 and a date, or NaN: only differences are of use. */
function secondsOf(date: string): number {
  const parts = DATE.exec(date);
  const month = parts === null ? -1 : MONTHS.indexOf(parts[2]);
  if (parts === null || month < 0) return NaN;
  // Years that begin in March have their leap day at the end.
  const shifted = (month + 10) % 12;
  const year = Number(parts[3]) - (month < 2 ? 1 : 0);
  const leapDays = Math.floor(year / 4) - Math.floor(year / 100) + Math.floor(year / 400);
  const days = 365 * year + leapDays + Math.floor((153 * shifted + 2) / 5) + Number(parts[1]);
  return ((days * 24 + Number(parts[4])) * 60 + Number(parts[5])) * 60 + Number(parts[6]);
}
