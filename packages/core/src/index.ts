export { abortable, onAbort, throwIfAborted } from './abort.js';
export { type Clock, monotonicClock, type Timer } from './clock.js';
export { type Deadline, DeadlineQueue, deadlinesOf } from './deadline-queue.js';
export { hasErrorCode, MainstayError, withoutStack } from './errors.js';
export { Events, type Listener } from './events.js';
export { Histogram, type HistogramJson } from './histogram.js';
export { ManualClock } from './manual-clock.js';
export { type Field, type Fields, invalidOption, option, type ReadOptions, readOptions } from './options.js';
export { RollingWindow, type RollingWindowOptions } from './rolling-window.js';
