export const kind = 'metrics';
