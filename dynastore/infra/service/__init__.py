"""A service on the table: containers of an image on ECS Fargate, behind a load balancer."""
