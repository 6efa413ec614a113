/** What is said of more than one stack. */

export const ANSWERS_1000 = '`code` is 1000 whatever you close with: what you sent is in `sent`';

export const NO_1012 = 'close with 1001 for a restart, not with 1012 to 1014';

export const ONE_SIDE_FOR_THE_OTHER =
  'leave `serverNoContextTakeover` off as a client, `clientNoContextTakeover` as a server: it has the two swapped, and fails at the second message';
