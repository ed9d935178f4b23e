export const kind = 'rate-limiter';
