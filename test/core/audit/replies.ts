export * from '../../../shared/core/audit/example.ts';
