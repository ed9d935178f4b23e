// Telling "Postgres is away" from "our SQL is wrong": only the first may be answered with "try again later".
import { hasErrorCode, MainstayError } from '@mainstay/core';
import pg from 'pg';

/** SQLSTATE classes in which the server itself is in trouble: connection, resources, operator, system. */
const serverInTrouble = /^(08|53|57|58|XX)/;
/** `57014` is a statement that ran into its time limit: away, for those who wait for it. */

export class DatabaseUnavailableError extends MainstayError {
  constructor(
    readonly retryAfterMs: number,
    cause: unknown,
  ) {
    super('ERR_DATABASE_UNAVAILABLE', 'Postgres does not answer', { cause });
  }
}

export const isDatabaseUnavailable = (error: unknown): error is DatabaseUnavailableError =>
  hasErrorCode(error, 'ERR_DATABASE_UNAVAILABLE');

/** A query that Postgres answered with "no" was answered: nothing is wrong with Postgres. */
export function isTroubleOfTheServer(error: unknown): boolean {
  if (error instanceof pg.DatabaseError) return serverInTrouble.test(error.code ?? '');
  return !(error instanceof TypeError || error instanceof RangeError);
}
