export const kind = 'circuit-breaker';
