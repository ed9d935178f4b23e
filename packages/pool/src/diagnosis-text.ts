import type { AcquireDiagnosis, AcquireTimeoutReason, Holder } from './diagnosis.js';

/** The message of an acquire timeout: what, why, who has it for how long, where they got it. */
export function describeTimeout(diagnosis: AcquireDiagnosis, cause: unknown): string {
  const { name, waitedMs, reason, max, inUse, idle, connecting, waiting, failedCreations } = diagnosis;
  const parts = [
    `${inUse} of ${max} in use${holding(diagnosis.heldForMs)}`,
    `${idle} idle`,
    `${connecting} connecting`,
    `${waiting} more waiting`,
  ];
  if (failedCreations > 0) {
    const { lastFailureAgoMs } = diagnosis;
    const ago = lastFailureAgoMs === undefined ? '' : ` ${duration(lastFailureAgoMs)} ago`;
    parts.push(`the last ${plural(failedCreations, 'connect')} failed,${ago}: ${messageOf(cause)}`);
  }
  const why = hint(reason, diagnosis);
  return (
    `Pool "${name}": nothing free within ${duration(waitedMs)} (${reason}${why === '' ? '' : `: ${why}`}): ` +
    parts.join(', ') +
    longest(diagnosis.holders[0])
  );
}

function hint(reason: AcquireTimeoutReason, { heldByCaller, holders }: AcquireDiagnosis): string {
  switch (reason) {
    case 'self-deadlock':
      return heldByCaller > 0
        ? `its caller holds ${heldByCaller} of them himself, a nested checkout`
        : `${holders.filter(({ waits }) => waits).length} of the holders wait for this pool themselves, nested checkouts`;
    case 'leak':
      return 'held without being used, is a release missing?';
    case 'slow-work':
      return 'most did not come back meanwhile';
    case 'exhausted':
      return 'they come back, but more is asked for';
    default:
      return '';
  }
}

function holding(heldForMs: readonly number[]): string {
  const longestMs = heldForMs[0];
  const median = heldForMs[heldForMs.length >> 1];
  if (longestMs === undefined || median === undefined) return '';
  return heldForMs.length === 1
    ? ` (held for ${duration(longestMs)})`
    : ` (held for up to ${duration(longestMs)}, median ${duration(median)})`;
}

function longest(holder: Holder | undefined): string {
  if (holder === undefined) return '';
  const frame = holder.stack?.split('\n', 1)[0]?.trim();
  const parts = [
    holder.doing === undefined ? undefined : `is at ${holder.doing}`,
    frame === undefined ? undefined : `was acquired ${frame}`,
  ].filter((part) => part !== undefined);
  return parts.length === 0 ? '' : `; the one held for the longest ${parts.join(' and ')}`;
}

const plural = (count: number, noun: string): string => (count === 1 ? noun : `${count} ${noun}s`);

export const duration = (ms: number): string =>
  ms < 1_000 ? `${Math.round(ms)} ms` : `${(ms / 1_000).toFixed(1)} s`;

/** AggregateErrors of a refused dual-stack connect have an empty message and a code. */
function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error.message !== '') return error.message;
  const code = (error as { code?: unknown }).code;
  return typeof code === 'string' ? code : error.name;
}
